"""Of :mod:`estimator.service`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "the program {tool} is not installed": "未安装程序 {tool}",
    "bubblewrap does not end": "bubblewrap 没有结束",
}
