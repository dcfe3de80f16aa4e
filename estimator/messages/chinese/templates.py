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
    # templates and their layers
    "command line ({flag})": "命令行（{flag}）",
    "no template is called '{name}'": "没有名为 '{name}' 的模板",
    "extends '{name}', which is not there": "extends 的 '{name}' 不存在",
    "extends goes in a circle: {circle}": "extends 形成循环：{circle}",
    "extends takes the name of a template, not '{name}'": (
        "extends 后应是模板的名称，而不是 '{name}'"
    ),
    "{what}; did you mean '{near}'?": "{what}；是否指 '{near}'？",
    "one of {known}": "{known} 之一",
    "leave the line out": "删去这一行",
    "leave one of them out": "删去其中之一",
    "another file name": "换一个文件名",
    "templates that extend each other, in files of their own": "拆成若干文件，用 extends 逐层扩展",
    "holds no templates": "不含模板",
    "'{name}' is also the name of {file}": "'{name}' 也是 {file} 的名称",
    "templates are read from {places} only": "模板只从 {places} 读取",
    "is a link that leads out of {folder}": "是指向 {folder} 之外的链接",
    "the name of a template is of lower-case letters, digits and '-'": (
        "模板的名称只能用小写字母、数字与 '-'"
    ),
    "'{key}' must be text": "'{key}' 必须是文本",
    "'{key}' is not a part of a template": "'{key}' 不是模板的部分",
    "'{key}' must be a map, not {kind}": "'{key}' 必须是映射，而不是{kind}",
    "'{name}' is not a section of a template": "'{name}' 不是模板的部分",
    "{path} is filled in by the tool; {instead}": "{path} 由本工具填入；{instead}",
    "the pod is described under 'pod'": "Pod 写在 'pod' 之下",
    "the cluster makes it": "由集群生成",
    "list images under 'training.images'": "镜像列在 'training.images' 之下",
    "write it under 'training.command'": "写在 'training.command' 之下",
    "{problem}; try: {hint}": "{problem}；可尝试：{hint}",
    "estimate the model again, for a plan within the policy": (
        "请重新估算该模型，以得到符合规定的方案"
    ),
    # merging
    "a map": "映射",
    "a list": "列表",
    "a single value": "单个值",
    "'{text}' is not a path": "'{text}' 不是路径",
    "{path} is there twice, first in {first}": "{path} 出现两次，第一次在 {first}",
    "{path} is a map, not one value": "{path} 是映射，而不是单个值",
    "an item of {path} must be a map with {key}": "{path} 的每一项必须是含 {key} 的映射",
    "an item of {path} must be a map with {first} and {second}": (
        "{path} 的每一项必须是含 {first} 与 {second} 的映射"
    ),
    "{path} cannot be deleted: no layer below sets it": "{path} 无法删除：下面的层没有设定它",
    "{path} is {kind} here but {other} in {where}": "{path} 在此是{kind}，而在 {where} 是{other}",
    "write it in the same form": "请写成相同的形式",
    "{edit} cannot pick an item of {path}, which has no merge key": (
        "{edit} 无法指明 {path} 的某一项：该列表没有合并键"
    ),
    "{path} is a list in {where} too, and its items have no merge key": (
        "{path} 在 {where} 也是列表，而其各项没有合并键"
    ),
    "!replace the whole list": "用 !replace 替换整个列表",
    "!append or !replace before the list": "请在列表前写 !append 或 !replace",
}
