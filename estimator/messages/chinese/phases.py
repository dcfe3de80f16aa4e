"""Of the phases of a run and of saved programs (:mod:`estimator.drystep.child`)."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    # evaluation, recompute, checkpoints
    "evaluation was not run, because a training step takes more than {limit} s here; "
    "--eval-batch-size N runs it all the same": (
        "未运行评估，因为此处一个训练步超过 {limit} 秒；用 --eval-batch-size N 仍可运行"
    ),
    "evaluation was not run, it failed with {what}; eval_step(model, batch) in the model file says "
    "how": "未运行评估，它失败于 {what}；可在模型文件中用 eval_step(model, batch) 说明如何评估",
    "out of host memory": "主机内存不足",
    "warning: evaluation keeps what gradients need; with paddle.no_grad() around it, its peak "
    "would be {without} instead of {kept}": (
        "警告：评估保留了求梯度所需的张量；置于 paddle.no_grad() 之内，峰值为 {without} 而非 {kept}"
    ),
    "no repeated blocks to recompute: no LayerList or Sequential of equal composite layers": (
        "没有可重计算的重复块：没有由同类复合层组成的 LayerList 或 Sequential"
    ),
    "paddle.distributed.fleet.utils.recompute in the model's forward": (
        "在模型的 forward 中使用 paddle.distributed.fleet.utils.recompute"
    ),
    "recompute is applied to {count} blocks of class {kinds}: {shown}": (
        "对 {count} 个 {kinds} 类的块做重计算：{shown}"
    ),
    "a checkpoint of {size} was not saved: paddle.save would copy all of it to host memory first": (
        "未保存 {size} 的检查点：paddle.save 会先把它全部复制到主机内存"
    ),
    "paddle.save of {size} took {most} of host memory": (
        "paddle.save 保存 {size} 时占用 {most} 主机内存"
    ),
    "{saved}; device memory does not grow": "{saved}；显存不增加",
    "paddle.optimizer has no '{name}'; it has {known}": (
        "paddle.optimizer 中没有 '{name}'；其中有 {known}"
    ),
    # the launch that sets the peak
    "the launch that set the peak was not looked for": "没有查找产生峰值的那次启动",
    "outside of the model's layers, such as in the loss": "在模型各层之外，例如在损失中",
    "an optimizer works on the parameters of all layers": "优化器处理所有层的参数",
    "no line of the user's own code was being run there": "当时没有在运行用户自己的代码行",
    "the launch was not seen again when the step was repeated": "重复该步时没有再见到那次启动",
    "the largest peak is in saving a checkpoint, which launches no layer": (
        "最大峰值出现在保存检查点时，其中不运行任何层"
    ),
    "the evaluation had too few batches to look for its peak": (
        "评估的批次太少，无法查找其峰值所在"
    ),
    "the largest peak is in the first training step, whose launches were not recorded": (
        "最大峰值在首个训练步，而其算子启动没有记录"
    ),
    # other ways to run the model
    "a smaller input was not run: nothing says how to make one; give --input SHAPE:DTYPE, or an "
    "option of the model file such as -o image_size=224": (
        "未运行更小的输入：没有说明如何缩小；请给出 --input SHAPE:DTYPE，"
        "或模型文件的选项，如 -o image_size=224"
    ),
    "explain runs on the virtual GPU: {why}": "explain 在虚拟 GPU 上运行：{why}",
    "train_step decides that itself": "这由 train_step 自行决定",
    "not asked for": "未询问",
    # --verify
    "--verify computes the step of a model file: a script believes that it runs on a GPU, and is "
    "not run on the CPU": (
        "--verify 计算模型文件的训练步：脚本以为自己在 GPU 上运行，不会在 CPU 上运行"
    ),
    "--verify checks the virtual GPU, which was not used": (
        "--verify 用来检验虚拟 GPU，而此次没有使用"
    ),
    "the step at batch size {batch} could not be computed: {why}": (
        "批大小为 {batch} 的一步无法计算：{why}"
    ),
    "it takes {peak} of host memory, of which {room} are to spare": (
        "需要主机内存 {peak}，而可用 {room}"
    ),
    "the step sets its own precision ({dtype}), which has no effect on Paddle's CPU device: there "
    "is nothing to compare": (
        "该步自行设定精度（{dtype}），这在 Paddle 的 CPU 设备上不起作用：无从比较"
    ),
    "they agree: {difference} apart, of {tolerance:.1%} or {allowance} allowed": (
        "两者一致：相差 {difference}，允许 {tolerance:.1%} 或 {allowance}"
    ),
    "they disagree, most in {kind}: {ours} on the virtual GPU, {theirs} computed; {kernels}": (
        "两者不一致，主要在{kind}：虚拟 GPU {ours}，实际计算 {theirs}；{kernels}"
    ),
    "kernels on the virtual GPU alone: {ours}; on the CPU alone: {theirs}": (
        "仅在虚拟 GPU 上的算子：{ours}；仅在 CPU 上的：{theirs}"
    ),
    "none": "无",
    # saved programs
    "--inference, or save the model again with Paddle 3": "--inference，或用 Paddle 3 重新保存模型",
    "the saved program": "保存的程序",
    "a saved program takes no options": "保存的程序不接受选项",
    "there is no '{prefix}.json' and no '{prefix}.pdmodel'": (
        "既没有 '{prefix}.json' 也没有 '{prefix}.pdmodel'"
    ),
    "'{file}' is missing: the parameters of the program": "缺少 '{file}'：程序的参数",
    "copy both files that paddle.jit.save wrote": "请复制 paddle.jit.save 写出的两个文件",
    "the file is no program that Paddle 3 saved": "该文件不是 Paddle 3 保存的程序",
    "paddle.jit.save of Paddle 3 writes .json, of Paddle 2 .pdmodel": (
        "Paddle 3 的 paddle.jit.save 写 .json，Paddle 2 的写 .pdmodel"
    ),
    "'{path}' cannot be read: {why}": "无法读取 '{path}'：{why}",
    "paddle.jit.save(layer, '{prefix}', input_spec=[...])": (
        "paddle.jit.save(layer, '{prefix}', input_spec=[...])"
    ),
    "Paddle {version} cannot load the program: {why}": "Paddle {version} 无法加载该程序：{why}",
    "save it again with the version of Paddle that is installed": (
        "请用已安装的 Paddle 版本重新保存"
    ),
    "nothing says what it was trained with": "没有说明它是用什么训练的",
}
