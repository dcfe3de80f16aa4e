"""Of :mod:`estimator.drystep`, the parent's side and the child's."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    # a real GPU that is not there
    "the Paddle that runs the step is a CPU build": "运行此步骤的 Paddle 是 CPU 版",
    "Paddle finds no GPU where the step runs": "运行此步骤处的 Paddle 找不到 GPU",
    # what the virtual GPU does not do as a card does
    "the experts of a mixture are taken to get equal shares of the tokens, and none is dropped by "
    "chance: which ones get more is known only on a card": (
        "假设混合专家中的各专家得到数量相同的 token，且没有 token 被随机丢弃："
        "实际分配只有在真实的卡上才知道"
    ),
    "sparse tensors (COO, CSR) are handled by Paddle's CPU kernels: their memory on a card is not "
    "counted": "稀疏张量（COO、CSR）由 Paddle 的 CPU 算子处理：它们在卡上的显存未计入",
    "FLAGS_conv_workspace_size_limit={limit}: scratch of a convolution is at most that": (
        "FLAGS_conv_workspace_size_limit={limit}：卷积的临时空间以此为限"
    ),
    "FLAGS_cudnn_exhaustive_search tries every algorithm in the first step, with scratch up to "
    "FLAGS_conv_workspace_size_limit: only the upper bound of the memory allows for it": (
        "FLAGS_cudnn_exhaustive_search 在首个训练步尝试所有算法，临时空间可达 "
        "FLAGS_conv_workspace_size_limit：只有显存上限考虑了它"
    ),
    "FLAGS_allocator_strategy={strategy} is not modelled: reserved memory is that of auto_growth": (
        "未模拟 FLAGS_allocator_strategy={strategy}：保留显存按 auto_growth 计"
    ),
    "nothing was searched: Paddle runs this model as a program (to_static, jit.load) in threads, "
    "and the plans are run in copies of a process without any": (
        "没有搜索：Paddle 在多个线程中以程序方式运行此模型（to_static、jit.load），"
        "而各方案运行于没有其他线程的进程副本中"
    ),
    "{flag} is not modelled": "未模拟 {flag}",
    "{name} runs as the operators that it joins, which keep the same tensors; its own scratch on a "
    "GPU is not counted": (
        "{name} 以其所含的各算子运行，保留的张量相同；它在 GPU 上自身的临时空间未计入"
    ),
    "layers with sparse gradients: {count}; those do not run in {precision} on a virtual GPU, "
    "where Paddle's CPU kernels handle them": (
        "有 {count} 个层使用稀疏梯度；它们在虚拟 GPU 上由 Paddle 的 CPU 算子处理，"
        "不能以 {precision} 运行"
    ),
    "--amp off, or sparse=False for the embedding": (
        "--amp off，或把 embedding 的 sparse 设为 False"
    ),
    "{precision} was not tried: sparse gradients do not run in it on a virtual GPU": (
        "未尝试 {precision}：稀疏梯度在虚拟 GPU 上无法以此精度运行"
    ),
    "layers with sparse gradients: {count}; Paddle's CPU kernels handle those, so their memory is "
    "not counted": "使用稀疏梯度的层：{count} 个；由 Paddle 的 CPU 算子处理，其显存未计入",
    # what was filled in for the user
    "no --batch-size was given: measured at {batch} per device, and the plan chooses among the "
    "batch sizes that ran": (
        "未给出 --batch-size：按每卡 {batch} 测量，方案在运行过的批大小中选择"
    ),
    "{name}.forward takes {needed}, and nothing says what they are": (
        "{name}.forward 需要 {needed}，但没有说明它们是什么"
    ),
    "nothing says what {name}.forward takes": "没有说明 {name}.forward 的输入",
    "the input is taken to be {guess}, because the first layer is a {kind}": (
        "假定输入为 {guess}，因为第一层是 {kind}"
    ),
    "--input SHAPE:DTYPE if {guess}, which is a guess, does not fit": (
        "{guess} 是猜测；若不合适，请用 --input SHAPE:DTYPE"
    ),
    "--input SHAPE:DTYPE once for each input, such as --input 3x224x224:float32, or in the model "
    "file, def example_batch(batch_size): return inputs, labels": (
        "为每个输入给一次 --input SHAPE:DTYPE，如 --input 3x224x224:float32；"
        "或在模型文件中写 def example_batch(batch_size): return inputs, labels"
    ),
    "the optimizer is taken to be {optimizer}, because {why}": (
        "假定优化器为 {optimizer}，因为{why}"
    ),
    "the network is convolutional": "网络是卷积网络",
    "the network is not purely convolutional": "网络不是纯卷积网络",
    "the model's output is taken to be the loss, because it is one number": (
        "模型输出是一个数，假定它就是损失"
    ),
    "the loss is taken to be cross entropy, because there is no loss_fn": (
        "没有 loss_fn，假定损失为交叉熵"
    ),
    "the loss is taken to be the mean squared error: no loss_fn": (
        "没有 loss_fn，假定损失为均方误差"
    ),
    "the loss is taken to be the mean of the output: no loss_fn, no labels to it": (
        "没有 loss_fn，也没有对应的标签，假定损失为输出的均值"
    ),
    "the labels are taken to be classes, one for each row of scores": (
        "假定标签为类别，每行得分一个"
    ),
    "train_step sets its own precision; {precision} is not applied": (
        "train_step 自行设定精度；未应用 {precision}"
    ),
    "train_step does its own accumulation; --accumulate is not applied": (
        "train_step 自行累积梯度；未应用 --accumulate"
    ),
    "--input and --label are not used: the file has example_batch()": (
        "文件已有 example_batch()，不使用 --input 与 --label"
    ),
    "example_batch({batch}) made no tensor whose first size is {batch}; the batch size is taken "
    "to be right all the same": (
        "example_batch({batch}) 没有给出首维为 {batch} 的张量；仍假定批大小正确"
    ),
    "mixed precision has no effect on Paddle's CPU device: memory is that of float32": (
        "混合精度在 Paddle 的 CPU 设备上不起作用：显存按 float32 计"
    ),
    "the model has no parameters to train": "模型没有可训练的参数",
    # what is not known
    "a virtual GPU runs no kernel, so its steps say nothing about time": (
        "虚拟 GPU 不真正运行算子，因此测不出时间"
    ),
    "a step on the CPU says nothing about a GPU's time, and its kernels are not recorded": (
        "CPU 上的一步说明不了 GPU 的时间，也没有记录其算子"
    ),
    "batch size {size} does not run: {why}": "批大小 {size} 无法运行：{why}",
    "not even one sample fits": "一个样本也放不下",
    "{what}: {why}": "{what}：{why}",
    "batch sizes above {limit} were not tried": "未尝试大于 {limit} 的批大小",
    "no batch above {limit} was tried": "未尝试大于 {limit} 的批大小",
    "build_model takes no keyword {name}": "build_model 没有关键字参数 {name}",
    "def build_model({name}=1), or leave out {flag}": ("def build_model({name}=1)，或去掉 {flag}"),
    "nobody trains with more": "没有人用更大的批训练",
    "two steps would take more than {limit:g} s": "两步要超过 {limit:g} 秒",
    # steps on the CPU
    "a step of batch size {batch} was computed on the CPU": "在 CPU 上算了批大小 {batch} 的一步",
    "extrapolated from steps of batch size {computed} computed on the CPU": (
        "由 CPU 上批大小 {computed} 的各步外推"
    ),
    "{reason}; too few to check the line": "{reason}；点太少，无法检验直线",
    "{reason}; the line misses by {error} bytes": "{reason}；直线偏差 {error} 字节",
    "reserved over allocated in 17 Paddle training logs: median 1.14, range 1.008 to 2.48": (
        "17 份 Paddle 训练日志中保留与分配之比：中位数 1.14，范围 1.008 至 2.48"
    ),
    # the virtual GPU and the installation
    "the virtual GPU needs Linux on x86-64, this is {system} on {machine}": (
        "虚拟 GPU 需要 x86-64 上的 Linux，这里是 {machine} 上的 {system}"
    ),
    "Paddle's GPU builds leave custom devices out; the virtual GPU needs paddlepaddle": (
        "Paddle 的 GPU 版不含自定义设备；虚拟 GPU 需要 paddlepaddle"
    ),
    "the virtual GPU needs Paddle 3.2 or later, found {version}": (
        "虚拟 GPU 需要 Paddle 3.2 或更新版本，现为 {version}"
    ),
    "this machine forbids memory overcommit (vm.overcommit_memory=2)": (
        "本机禁止内存超额分配（vm.overcommit_memory=2）"
    ),
    "no C++ compiler was found (install g++, or set CXX)": (
        "找不到 C++ 编译器（请安装 g++，或设置 CXX）"
    ),
    "building the virtual GPU for Paddle {version} (once, about 10 s)": (
        "为 Paddle {version} 编译虚拟 GPU（仅一次，约 10 秒）"
    ),
    "the virtual GPU could not be built in {folder}: {why}": "无法在 {folder} 编译虚拟 GPU：{why}",
    "the virtual GPU did not build: {why}": "虚拟 GPU 编译失败：{why}",
    "--device virtual: {why}": "--device virtual：{why}",
    "--device gpu: {why}": "--device gpu：{why}",
    "the installed Paddle is a CPU build": "所装的 Paddle 是 CPU 版",
    "no NVIDIA driver is loaded on this machine": "本机未加载 NVIDIA 驱动",
    "CUDA_VISIBLE_DEVICES hides every GPU": "CUDA_VISIBLE_DEVICES 隐藏了所有 GPU",
    "a module named paddle is there, but no installed paddlepaddle package": (
        "有名为 paddle 的模块，但没有安装 paddlepaddle 包"
    ),
    "PaddlePaddle is not installed here": "这里没有安装 PaddlePaddle",
    # how user code ended
    "a segmentation fault": "段错误",
    "a bus error": "总线错误",
    "an abort in native code": "本地代码中止",
    "an arithmetic fault in native code": "本地代码算术错误",
    "an instruction that this processor does not have": "本处理器没有的指令",
    "killed, most likely because the machine ran out of memory": "被杀死，多半因为机器内存耗尽",
    "an alarm that the user's code had set": "用户代码设定的闹钟",
    "a limit on processor time": "处理器时间限制",
    "a signal": "信号",
    "the process died of {name} ({meaning})": "进程死于 {name}（{meaning}）",
    "the process died of signal {number}": "进程死于信号 {number}",
    "the child's reply has no end": "子进程的答复没有尽头",
    "the process ended itself with exit code {code}": "进程自行以退出码 {code} 结束",
    "still not done after {limit}, stopped": "{limit} 后仍未完成，已停止",
    "{how} while {doing}": "{how}（当时：{doing}）",
    "Paddle did not start: {how}": "Paddle 未能启动：{how}",
    "look for a loop that does not end, or give it more time": "检查是否有死循环，或给更多时间",
    "do not call os._exit in a model file": "不要在模型文件中调用 os._exit",
    "a smaller --batch-size, or a machine with more memory": (
        "更小的 --batch-size，或内存更大的机器"
    ),
}
