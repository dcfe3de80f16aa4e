"""Of :mod:`estimator.throughput` and of the times in :mod:`estimator.answers`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "predicted from {launches} kernel launches, bound by {bound}; {fit}; loading of data is not "
    "counted": "由 {launches} 次算子启动预测，受限于{bound}；{fit}；不含数据读取",
    "fitted on published runs on {chip}": "按 {chip} 上公布的运行结果拟合",
    "no published run on {chip}": "{chip} 上没有公布的运行结果",
    "the host that launches them": "启动算子的主机",
    "the GPU": "GPU",
    "timed on {gpu}; published repeats of one benchmark differ by up to {spread:.0%}; loading of "
    "data is not counted": (
        "在 {gpu} 上计时；同一基准的公布重复值相差可达 {spread:.0%}；不含数据读取"
    ),
    "a GPU that the catalogue does not have": "目录中没有的 GPU",
    "steps were timed on {where} alone, and their kernels are not recorded": (
        "只在{where}上计过时，且没有记录其算子"
    ),
    "one GPU waits for nobody": "单卡无需等待",
    "waiting for the slowest of {count} GPUs adds {waiting:.1%} to the step, the gradient exchange "
    "that cannot be hidden {exposed:.1%}": (
        "等待 {count} 张 GPU 中最慢的一张使每步增加 {waiting:.1%}，"
        "无法隐藏的梯度交换增加 {exposed:.1%}"
    ),
    "{why}, {number} collectives of synchronised layers {synchronised:.1%}": (
        "{why}，同步层的 {number} 次集合通信增加 {synchronised:.1%}"
    ),
}
