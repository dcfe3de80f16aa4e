"""Of the layers in :mod:`estimator.manifest`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "a past job of {model} ran with it": "{model} 的一个历史作业使用过它",
    "{jobs} past jobs of {model} ran with it": "{model} 的 {jobs} 个历史作业使用过它",
    "the model is of {suite} ({where})": "模型属于 {suite}（{where}）",
    "the model's name {name} contains '{word}'": "模型名称 {name} 含有 '{word}'",
    "the model has a layer {layer}, which contains '{word}'": "模型有层 {layer}，含有 '{word}'",
    "the model has {layers}": "模型有 {layers}",
    "a training step launches {operators}": "一个训练步调用 {operators}",
    "its first operators read {kind} of {shape}": "最先的算子读取 {shape} 的{kind}",
    "images": "图像",
    "token numbers": "词元编号",
    "neither past jobs, suite, names, layers nor operators point to a domain": (
        "历史作业、套件、名称、层与算子都不指向某个领域"
    ),
    "layer {name} has changed since the estimate, or is new": "层 {name} 在估算之后有改动或新增",
    "layer {name} is no longer part of it": "层 {name} 已不再使用",
    "asked for": "按要求",
    "template {name}: {reason}; also possible: {others} (--template)": (
        "模板 {name}：{reason}；也可用：{others}（--template）"
    ),
    "template {name}: {reason} (--template)": "模板 {name}：{reason}（--template）",
    "sure: used before": "确定：用过",
    "sure: by its suite": "确定：据所属套件",
    "likely: by its name": "较可能：据名称",
    "likely: by the name of a layer": "较可能：据层的名称",
    "possible: by what it is made of": "可能：据组成",
    "weak: by the data that goes in": "较弱：据输入数据",
    "the layers it is made of, to make it again": "所用的各层，以便重新生成",
    "sets it": "设定",
    "adds to it": "追加",
    "takes it away": "删除",
    "takes it away, by !replace of what is above it": "因上级的 !replace 而删除",
    "fills it in": "由估算填入",
    "kept out by the lock": "被锁定，不填入",
}
