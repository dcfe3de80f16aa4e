"""Sentences about unmodified training scripts, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "a model file loads no data": "模型文件不读取数据",
    "its data set makes whole batches": "其数据集直接产出整批",
    "making its samples failed, or the first took over {seconds:g} s": (
        "产出样本失败，或第一个样本超过 {seconds:g} 秒"
    ),
    "it has no batches": "它没有批",
    "its samples are synthetic": "其样本是合成的",
    "it was not timed before its first batch": "在其第一个批之前没有计时",
    "the evaluation keeps what a backward pass would need: no paddle.no_grad() around {where}": (
        "评估保留了反向传播所需的内容：{where} 外没有 paddle.no_grad()"
    ),
    "the script was watched for {count} optimizer steps and then stopped": (
        "观察了脚本的 {count} 个优化器步，然后将其停止"
    ),
    "an update is made of {count} batches": "每次更新由 {count} 个批组成",
    "no evaluation was seen: what one needs is not counted": "没有看到评估：评估所需的显存未计入",
    "its evaluation was watched for {count} batches: what it gathers over the whole data set is "
    "not counted": "评估只观察了 {count} 个批：它在整个数据集上累积的内容未计入",
    "shapes vary: {distinct} different ones in {count} steps; the estimate is for the largest "
    "batch seen, at every step": (
        "形状是变化的：{count} 步中有 {distinct} 种；估算按所见最大的批、且每一步都如此计算"
    ),
    "other batch sizes were run by the argument {argument}, each from the beginning of the "
    "script": ("其他批大小通过参数 {argument} 运行，每次都从脚本开头开始"),
    "no other batch size was run, because {why}: --batch-arg names the way": (
        "没有运行其他批大小，因为{why}：可用 --batch-arg 指明方法"
    ),
    "other batch sizes repeat the samples of the largest batch seen": (
        "其他批大小重复使用所见最大批中的样本"
    ),
    "{count} tensors of a batch do not follow the batch size and stayed the same": (
        "批中有 {count} 个张量不随批大小变化，保持原样"
    ),
    "they ran from the beginning of the script, because {why}": "它们从脚本开头运行，因为{why}",
    "they ran in copies of the process, made before its first batch": (
        "它们在进程的副本中运行，副本在第一个批之前产生"
    ),
    "files that the script wrote went to a scratch folder, which is gone": (
        "脚本写出的文件放在临时目录中，现已删除"
    ),
    "this Linux has no Landlock: files that native code wrote may have been kept": (
        "此 Linux 没有 Landlock：本地代码写出的文件可能保留了下来"
    ),
    "the script ended while it was watched: {why}": "脚本在观察期间结束：{why}",
    "no evaluation began within {seconds:g} s after the watched steps": (
        "所观察的步之后 {seconds:g} 秒内没有开始评估"
    ),
    "the script's DataLoader does not say its batch size": "脚本的 DataLoader 没有说明批大小",
    "the script with its own data set": "让脚本使用自己的数据集",
    "--synthetic-data was not used: the script's data sets are there": (
        "未使用 --synthetic-data：脚本的数据集都在"
    ),
    "the data set {name} is not there ({why}): the batches are synthetic, of the shapes that "
    "--synthetic-data says": (
        "数据集 {name} 不在（{why}）：批次为合成数据，形状如 --synthetic-data 所说"
    ),
    "without its data: --synthetic-data SHAPE:DTYPE for each tensor of a batch, per sample": (
        "没有数据时：对批次的每个张量给出 --synthetic-data SHAPE:DTYPE（按样本）"
    ),
    "it has no samples": "没有样本",
    "the training loader was ended after {count} steps, so that what follows an epoch comes "
    "sooner": ("训练数据加载器在 {count} 步后提前结束，使一轮之后的内容更早到来"),
    "the script takes its batches from no DataLoader": "脚本不从 DataLoader 取批",
    "an optimizer of the script ({name}) did no update in {count} steps: what its updates take is "
    "not counted": "脚本的一个优化器（{name}）在 {count} 步内没有更新：其更新所需的显存未计入",
    "PYTHONPATH=. in front of the command: {package} is in this folder": (
        "在命令前加 PYTHONPATH=.：{package} 在当前目录中"
    ),
    "{package} is there ({which}) without {module}: the code wants another version of it or "
    "another package of that name": (
        "有 {package}（{which}），但其中没有 {module}：代码需要它的另一版本，或同名的另一个包"
    ),
    "this machine does not reach that address: the option that goes without pretrained weights "
    "(they change no memory), or the file where the code looks for it": (
        "本机无法访问该地址：使用不加载预训练权重的选项（权重不改变显存占用），或把文件放到代码查找它的位置"
    ),
    "the script trains on the CPU: its parameters are there, not on a GPU": (
        "脚本在 CPU 上训练：它的参数在 CPU 上，不在 GPU 上"
    ),
    "the script's own option or setting for a GPU, such as --device gpu or use_gpu=True; "
    "paddle.set_device says where in the code": (
        "脚本自己选择 GPU 的选项或设置，例如 --device gpu 或 use_gpu=True；"
        "代码中由 paddle.set_device 决定"
    ),
    "the script trains a program of a static graph (paddle.enable_static, Executor.run): only "
    "training in dynamic graph mode is watched": (
        "脚本训练的是静态图程序（paddle.enable_static、Executor.run）：只能观察动态图训练"
    ),
    "the script's dynamic graph version, if it has one, or a model file with its network "
    "(paddle.nn.Layer): paddle-estimate model.py": (
        "脚本的动态图版本（如果有），或含其网络（paddle.nn.Layer）的模型文件："
        "paddle-estimate model.py"
    ),
    "the script has started threads of its own ({names})": "脚本启动了自己的线程（{names}）",
    "no other batch size could be tried": "无法尝试其他批大小",
    "extrapolated from smaller runs, because each run takes long": (
        "由较小的运行外推，因为每次运行耗时较长"
    ),
    "{world} ranks ({degrees}): each kind ran alone, with collectives that return at once; the "
    "figures are those of rank {rank}, which takes the most": (
        "共 {world} 个 rank（{degrees}）：每一类单独运行，集合通信立即返回；"
        "所列数字属于占用最多的 rank {rank}"
    ),
    "ranks that were run: {ranks}; the others are taken to equal one of them": (
        "实际运行的 rank：{ranks}；其余视为与其中之一相同"
    ),
    "rank {rank}: {what}": "rank {rank}：{what}",
    "rank {rank}": "rank {rank}",
    "strategy.gradient_merge has no effect in dynamic graph mode, in Paddle as here: every step "
    "updates the parameters": (
        "strategy.gradient_merge 在动态图模式下无效，Paddle 与此处相同：每一步都会更新参数"
    ),
    "it was not run": "未运行",
    "the process that ran it ended with {code}": "运行它的进程以 {code} 结束",
    "pipeline stage {stage}, rank {rank}": "流水线第 {stage} 段，rank {rank}",
    "the rank runs alone: what waits for another one's file, socket or message waits for ever": (
        "该 rank 单独运行：等待其他 rank 的文件、套接字或消息的代码会永远等待"
    ),
    "only the command's own batch size was run on every rank": "每个 rank 只运行了命令自身的批大小",
    "{name}: kernels {kernels:.3g} s, waiting for collectives {waits:.3g} s, the pipeline's bubble "
    "adds {bubble:.0%}; {reason}": (
        "{name}：kernel {kernels:.3g} 秒，等待集合通信 {waits:.3g} 秒，"
        "流水线气泡增加 {bubble:.0%}；{reason}"
    ),
}
