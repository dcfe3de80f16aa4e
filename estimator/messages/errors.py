"""What went wrong, and what to try."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    "error.script_amp": Wording(
        "a script sets its own precision, which is measured as it is",
        "脚本自行设定精度， 按其原样测量",
    ),
    "hint.script_amp": Wording(
        "the script's own option behind the --, such as -o AMP.level=O1 (PaddleClas), "
        "--precision fp16 (PaddleSeg) or --amp (PaddleDetection)",
        "在 -- 之后使用脚本自己的选项，如 -o AMP.level=O1（PaddleClas）、"
        "--precision fp16（PaddleSeg）或 --amp（PaddleDetection）",
    ),
    "error.no_timeline": Wording(
        "there is no timeline: the step did not run on the virtual GPU",
        "没有时间线：该步未在虚拟 GPU 上运行",
    ),
    "error.needs_extra": Wording(
        "{what} needs packages that are not installed: {missing}",
        "{what} 需要未安装的包：{missing}",
    ),
    "error.line": Wording("error: {what}", "错误：{what}"),
    "error.try": Wording("  try: {hint}", "  可尝试：{hint}"),
    "error.usage": Wording("{what}", "命令行有误：{what}"),
    "error.defect": Wording(
        "a defect of paddle-estimate: {kind}: {what}",
        "paddle-estimate 内部缺陷：{kind}：{what}",
    ),
    "error.defect_saved": Wording(
        "--debug, or report the traceback saved in {path}",
        "--debug，或提交保存在 {path} 的调用栈",
    ),
    "error.no_path": Wording("'{path}' does not exist", "'{path}' 不存在"),
    "error.no_command": Wording("no model file is named", "没有指定模型文件"),
    "error.out_is_folder": Wording("'{path}' is a folder", "'{path}' 是一个目录"),
    "error.no_folder": Wording("there is no folder '{path}'", "目录 '{path}' 不存在"),
    "error.not_writable": Wording("'{path}' cannot be written to", "'{path}' 不可写"),
    "error.not_written": Wording("'{path}' was not written: {why}", "'{path}' 未写入：{why}"),
    "error.no_manifest": Wording("there is no YAML to print: {why}", "没有可输出的 YAML：{why}"),
    "error.no_training": Wording(
        "nothing is trained, so {flag} has no meaning", "没有训练，因此 {flag} 没有意义"
    ),
    "error.amp_dtype_alone": Wording(
        "a dtype is given, but mixed precision is off", "指定了数据类型，但混合精度未开启"
    ),
    "error.duration": Wording(
        "'{words}' is not a time; write it like 12h, 90m or 1d6h",
        "'{words}' 不是时间；请写成 12h、90m 或 1d6h",
    ),
    "error.memory": Wording(
        "'{words}' is not an amount of memory; write it like 16Gi, 80GB or 512MiB",
        "'{words}' 不是内存大小；请写成 16Gi、80GB 或 512MiB",
    ),
    "error.no_memory": Wording("'{words}' is no memory at all", "'{words}' 的内存大小为零"),
    "error.no_time": Wording("'{words}' is no time at all", "'{words}' 的时长为零"),
    "error.words": Wording("'{words}' is no argument", "'{words}' 不是参数"),
    "error.is_script": Wording(
        "'{path}' is a training script, not a model file: its arguments stand behind --",
        "'{path}' 是训练脚本而不是模型文件：它的参数写在 -- 之后",
    ),
    "error.script_device": Wording(
        "a script is watched on the virtual GPU only", "脚本只能在虚拟 GPU 上观察"
    ),
    "error.pair": Wording("'{words}' is not KEY=VALUE", "'{words}' 不是 KEY=VALUE 的形式"),
    "error.yaml_value": Wording(
        "the value of '{words}' cannot be read as YAML", "'{words}' 的值不是合法的 YAML"
    ),
    "error.key_conflict": Wording(
        "'{value}' is given a value of its own and also '{group}'",
        "'{value}' 已有自己的值，又给出了 '{group}'",
    ),
    "error.tensor": Wording(
        "'{words}' is not SHAPE[:DTYPE[:CLASSES]]", "'{words}' 不是 SHAPE[:DTYPE[:CLASSES]] 的形式"
    ),
    "error.dtype": Wording(
        "'{dtype}' is not a dtype; known are {known}",
        "'{dtype}' 不是数据类型；可用的有 {known}",
    ),
    "error.classes_dtype": Wording(
        "a number of classes needs an integer dtype, not '{dtype}'",
        "类别数需要整数类型，而不是 '{dtype}'",
    ),
    "error.synthetic_names": Wording(
        "either every tensor has a name of its own or none has one",
        "要么每个张量都有各自的名字，要么都没有",
    ),
    "error.no_kind": Wording("there is no kind '{name}'", "没有名为 '{name}' 的作业类型"),
    "error.one_node_kind": Wording(
        "{kind} describes one machine, the plan has {nodes} nodes",
        "{kind} 只描述一台机器，而方案有 {nodes} 个节点",
    ),
    "error.docker_devices": Wording(
        "docker --gpus hands out whole NVIDIA GPUs only", "docker --gpus 只能分配整块 NVIDIA GPU"
    ),
    "error.no_crds": Wording(
        "{folder} holds no CustomResourceDefinition", "{folder} 中没有 CustomResourceDefinition"
    ),
    "error.crd_unreadable": Wording("is not YAML: {why}", "不是 YAML：{why}"),
    "error.more_than_max_gpus": Wording(
        "{gpus} GPUs are asked for by --gpus and --nodes, {limit} allowed",
        "--gpus 与 --nodes 要求 {gpus} 张 GPU，上限为 {limit}",
    ),
    "error.launcher_says_other": Wording(
        "{said} are asked for, and paddle.distributed.launch in the command is told {launched}",
        "要求的是 {said}，而命令中的 paddle.distributed.launch 写的是 {launched}",
    ),
    "error.nodes_without_gpus": Wording(
        "a script is run rank by rank on so many nodes: how many GPUs each of them has is not said",
        "脚本将在这些节点上逐个 rank 运行：没有说明每个节点有多少张 GPU",
    ),
    "error.no_log_folder": Wording(
        "there are no log files to read: nothing is mounted where the launcher writes them",
        "没有可读取的日志文件：启动器写日志的位置没有挂载卷",
    ),
}
