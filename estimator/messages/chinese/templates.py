"""Of the layers in :mod:`estimator.manifest`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "the layers it is made of, to make it again": "所用的各层，以便重新生成",
    "sets it": "设定",
    "adds to it": "追加",
    "takes it away": "删除",
    "takes it away, by !replace of what is above it": "因上级的 !replace 而删除",
    "fills it in": "由估算填入",
    "kept out by the lock": "被锁定，不填入",
}
