"""Of :mod:`estimator.gpus`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "no GPU type is called '{name}'": "没有名为 '{name}' 的 GPU 型号",
    "{what}; the nearest: {nearest}": "{what}；最接近的有：{nearest}",
    "'{name}' can mean {count} GPU types: {listed}": (
        "'{name}' 可指 {count} 种 GPU 型号：{listed}"
    ),
    "no price is set; a site sets it in gpus.yaml": "没有设定价格；站点可在 gpus.yaml 中设定",
}
