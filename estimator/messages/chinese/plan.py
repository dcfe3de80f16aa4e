"""Of :mod:`estimator.plan`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "nothing fits, so there is no job to ask for": "没有可行的方案，因此没有可申请的作业",
    # where a figure comes from
    "one GPU communicates with no other": "单卡不与其他卡通信",
    "predicted for one GPU": "按单卡预测",
    "{count} x one GPU x scaling efficiency": "{count} × 单卡 × 扩展效率",
    "step time of one GPU / scaling efficiency": "单卡步时 ÷ 扩展效率",
    "{epochs} epochs x {samples} samples / throughput": "{epochs} 轮 × {samples} 个样本 ÷ 吞吐",
    "{flag} not given": "未给出 {flag}",
    "{flag} and {other} not given": "未给出 {flag} 与 {other}",
    "duration x {gpus}": "时长 × {gpus}",
    "GPU-hours x {price:g} an hour": "GPU 小时 × 每小时 {price:g}",
    "{alone}; data parallel adds gradient buckets {buckets}, communication {communication} "
    "(computed, not run)": (
        "{alone}；数据并行另加梯度桶 {buckets}、通信 {communication}（为计算所得，未运行）"
    ),
    # plans that were run on several GPUs
    "{reason}; run as rank {rank} of {count}": (
        "{reason}；作为 {count} 个 rank 中的 rank {rank} 运行"
    ),
    "each kind of rank of this plan on {count} GPUs was run on the virtual GPU; the YAML cannot "
    "switch it on, the program has to": (
        "该方案 {count} 个 GPU 上的每一类 rank 都在虚拟 GPU 上运行过；YAML 无法启用它，须由程序启用"
    ),
    "data parallel: fused_allreduce_gradients(model.parameters(), None) before optimizer.step(), "
    "because paddle.DataParallel does not bear recompute": (
        "数据并行：在 optimizer.step() 之前调用 "
        "fused_allreduce_gradients(model.parameters(), None)，因为 paddle.DataParallel 不支持重计算"
    ),
    "data parallel: model = paddle.DataParallel(model)": (
        "数据并行：model = paddle.DataParallel(model)"
    ),
    "sharding stage {stage}: {lines}": "sharding stage {stage}：{lines}",
    "recompute: paddle.distributed.fleet.utils.recompute for each repeated block": (
        "重计算：对每个重复的块使用 paddle.distributed.fleet.utils.recompute"
    ),
    "{way}, sharding stage {stage}": "{way}，sharding stage {stage}",
    "{way} in {groups} groups": "{way}（分 {groups} 组）",
    "sharding stage {stage} in {groups} groups of GPUs, data parallel between them: fleet.init "
    "with hybrid_configs = {degrees}, then {lines}": (
        "在 {groups} 组 GPU 内各自做 sharding stage {stage}，组间数据并行："
        "先 fleet.init（hybrid_configs = {degrees}），然后 {lines}"
    ),
    "{way}, tensor parallel {degree}": "{way}，张量并行 {degree}",
    "{way}, pipeline parallel {degree}": "{way}，流水线并行 {degree}",
    "the model is split: fleet.init with hybrid_configs = {degrees} and pipeline_configs = "
    "{pipeline}, then build_model({options}), then {lines}, and in each step "
    "model.train_batch([inputs, labels], optimizer)": (
        "模型被切分：先 fleet.init（hybrid_configs = {degrees}，pipeline_configs = {pipeline}），"
        "再 build_model({options})，然后 {lines}，每一步调用 "
        "model.train_batch([inputs, labels], optimizer)"
    ),
    "the model is split: fleet.init with hybrid_configs = {degrees}, then build_model({options}), "
    "then {lines}": (
        "模型被切分：先 fleet.init（hybrid_configs = {degrees}），"
        "再 build_model({options})，然后 {lines}"
    ),
    "{way}, recompute": "{way}，重计算",
    "--search runs on the virtual GPU: {why}": "--search 在虚拟 GPU 上运行：{why}",
    "a degree above 1 splits the model among GPUs; without --search it is run on one": (
        "大于 1 的并行度把模型分到多张 GPU 上；没有 --search 时只在一张上运行"
    ),
    "what is said of one GPU is said of the whole model; every plan has {degrees}": (
        "单张 GPU 的数字是整个模型的；每个方案均为 {degrees}"
    ),
    "--search, which runs plans with it, or of a training script: {command}": (
        "用 --search 以该并行度运行方案；训练脚本则用：{command}"
    ),
    "{name} is a number of GPUs from 1, not {value}": "{name} 是不小于 1 的 GPU 数，而不是 {value}",
    "{split} GPUs hold the model together, and plans may have {most}": (
        "一份模型分在 {split} 张 GPU 上，而方案最多可用 {most} 张"
    ),
    "{split} GPUs hold the model together, and plans may have {counts}: no multiple": (
        "一份模型分在 {split} 张 GPU 上，而方案可用的数目 {counts} 都不是它的倍数"
    ),
    "tensor parallel {degree} needs a node of as many GPUs, and one has {each}": (
        "张量并行 {degree} 需要有同样多 GPU 的节点，而一个节点有 {each} 张"
    ),
    "the model cannot be split like this: {why}": "模型不能这样切分：{why}",
    "another degree, or none, and --search finds those that can": (
        "换一个并行度；不指定时 --search 会找出可行的"
    ),
    "{name}={degree} is asked for (-o)": "-o 要求 {name}={degree}",
    "nothing was searched: no plan on several GPUs was allowed (--max-gpus)": (
        "没有搜索：不允许多 GPU 方案（--max-gpus）"
    ),
    "plans on several GPUs: {run} run, {left_out} left out (what takes no more memory does not "
    "fit: {too_large}; what is no slower fits: {slower}; four times the batch fits: "
    "{smaller}; cannot be run: {failing}; not reached in the time: {not_reached})": (
        "多 GPU 方案：运行 {run} 个，略去 {left_out} 个（显存需求不更大者已放不下：{too_large}；"
        "不更慢者放得下：{slower}；四倍批大小放得下：{smaller}；无法运行：{failing}；时间用尽：{not_reached}）"
    ),
    "{way}, recompute {recompute} cannot be run: {why}": (
        "{way}，重计算{recompute}，无法运行：{why}"
    ),
    "on": "开",
    "off": "关",
    "within all limits": "满足所有限制",
    # why a plan may not be chosen
    "{gpu} has compute capability {have}; Paddle runs {dtype} AMP from {need} on and would "
    "fall back to float32": (
        "{gpu} 的计算能力为 {have}；Paddle 的 {dtype} 混合精度需要 {need} 及以上，否则退回 float32"
    ),
    "does not fit: needs up to {need}, has {have}, short by {short}": (
        "放不下：最多需要 {need}，只有 {have}，差 {short}"
    ),
    "needs {subject}, policy allows {most}: {who}": "需要 {subject}，规定最多 {most}：{who}",
    "{first}; {second}": "{first}；{second}",
    "{nodes} nodes": "{nodes} 个节点",
    "{gpus} on each node": "每个节点 {gpus}",
    "policy allows {allowed}, not {gpu}: {who}": "规定只允许 {allowed}，不允许 {gpu}：{who}",
    "needs {gpus}, {allowed} allowed (--max-gpus)": "需要 {gpus}，最多允许 {allowed}（--max-gpus）",
    "a node of {gpu} has {gpus}, {each} are asked for (--gpus)": (
        "{gpu} 的一个节点有 {gpus}，而 --gpus 要求 {each}"
    ),
    "takes up to {taken}, {beyond} beyond the deadline of {deadline}": (
        "最长需要 {taken}，超出期限 {deadline} 达 {beyond}"
    ),
    # how a plan compares with the chosen one
    "needs {gpus} where {chosen} would do": "需要 {gpus}，而 {chosen} 张就够",
    "not compared, it has no step time: {why}": "未比较，没有步时：{why}",
    "batch {batch} is preferred: without step times nothing speaks for another": (
        "优先批大小 {batch}：没有步时，没有理由取别的"
    ),
    "the same request; without step times nothing speaks for {precision}": (
        "申请相同；没有步时，没有理由取 {precision}"
    ),
    "{times} the {measure} of the chosen plan": "{measure}是选定方案的 {times}",
    "about the same {measure} ({times}), but a larger request": (
        "{measure}相近（{times}），但申请更大"
    ),
    "{share:.0%} of the throughput of batch {batch} on the same GPUs": (
        "吞吐为同样 GPU 上批大小 {batch} 的 {share:.0%}"
    ),
    "{share:.0%} of the throughput of batch {batch} on the same GPUs, for {extra} more "
    "device memory": "吞吐为同样 GPU 上批大小 {batch} 的 {share:.0%}，显存却多用 {extra}",
    # why the chosen plan
    "{count} x {gpu}, batch {batch} per device, {whole} in all, {precision}": (
        "{count} 张 {gpu}，每卡批大小 {batch}，全局 {whole}，{precision}"
    ),
    "device memory {target} ({lower} to {upper}) of {capacity}": (
        "显存 {target}（{lower} 至 {upper}），共 {capacity}"
    ),
    "no step time: {why}": "没有步时：{why}",
    "{target} samples/s ({lower} to {upper}), {step} a step": (
        "{target} 样本/秒（{lower} 至 {upper}），每步 {step}"
    ),
    "plans are compared per sample: {why}": "按每样本比较各方案：{why}",
    "{target} ({lower} to {upper}), {hours:.3g} GPU-hours": (
        "{target}（{lower} 至 {upper}），{hours:.3g} GPU 小时"
    ),
    "{effort}, cost {cost:.4g}": "{effort}，费用 {cost:.4g}",
    "least {measure} of {plans} feasible plans; say --minimize gpu-hours, time or gpus "
    "to rank otherwise": (
        "在 {plans} 个可行方案中{measure}最少；可用 --minimize gpu-hours、time 或 gpus 改变排序"
    ),
    "fewest GPUs of {plans} feasible plans, then least {measure}": (
        "在 {plans} 个可行方案中 GPU 最少，其次{measure}最少"
    ),
    "least {measure} of {plans} feasible plans, as asked": (
        "按要求，在 {plans} 个可行方案中{measure}最少"
    ),
    "without step times: fewest GPUs of {plans} feasible plans, then least GPU memory; what "
    "more or faster GPUs would gain is not known": (
        "没有步时：在 {plans} 个可行方案中 GPU 最少，其次显存最少；"
        "更多或更快的 GPU 有多大收益尚不可知"
    ),
    "--minimize {objective} could not be judged: {why}": "--minimize {objective} 无法判断：{why}",
    "{plans} other feasible plans have no step time, so not compared: {why}": (
        "另有 {plans} 个可行方案没有步时，未比较：{why}"
    ),
    "no prices are set, so a GPU counts by its memory and for as long as it is held": (
        "没有设定价格，因此按显存与占用时长计 GPU"
    ),
    "GPU-hours count every GPU type alike, so fast and large ones win": (
        "GPU 小时对各型号一视同仁，因此又快又大的占优"
    ),
    "{times} the {measure}": "{measure}为 {times}",
    "without --minimize it would be {plan}: {compared}": (
        "不用 --minimize 则会选 {plan}：{compared}"
    ),
    "next best: {plan}: {why_not}": "次优：{plan}：{why_not}",
    "{gpus} on each of {nodes} were asked for, so other counts were not compared": (
        "指定了{nodes}、每个 {gpus}，因此没有比较其他数量"
    ),
    "{nodes} were asked for; {gpus} on each were chosen": "指定了{nodes}；每个选用 {gpus}",
    "1 node": "1 个节点",
    "{count} nodes": "{count} 个节点",
    "batch {batch} per device was asked for": "每卡批大小 {batch} 是指定的",
    "batch {batch} is the smallest fast enough, multiples of 8 first: {share:.0%} of the "
    "best throughput among the sizes run that fit ({tried})": (
        "批大小 {batch} 是足够快的最小值（优先 8 的倍数）：达到所运行且放得下的批大小"
        "（{tried}）中最佳吞吐的 {share:.0%}"
    ),
    "batch {batch} per device is kept: without step times nothing speaks for another": (
        "保持每卡批大小 {batch}：没有步时，没有理由取别的"
    ),
    "batch {batch} per device is the largest that ran and fits; {asked} does not": (
        "每卡批大小 {batch} 是运行过且放得下的最大值；{asked} 放不下"
    ),
    "the global batch is {whole}, yours was {own}: scale the learning rate by about "
    "{factor:.2g} (square-root rule)": (
        "全局批大小为 {whole}，原为 {own}：学习率约乘 {factor:.2g}（平方根规则）"
    ),
    "the global batch is {whole}, yours was {own}: scale the learning rate by about "
    "{factor:.2g} (linear rule) and warm up": (
        "全局批大小为 {whole}，原为 {own}：学习率约乘 {factor:.2g}（线性规则）并预热"
    ),
    "{other} instead of your {own}: check that training converges": (
        "以 {other} 代替原来的 {own}：请确认训练能收敛"
    ),
    "an unknown rate": "未知的速度",
    "{rate} samples/s": "{rate} 样本/秒",
    "{precision} at batch {batch} would take {memory} and give {rate} on the same GPUs "
    "({flags}, if the script trains so)": (
        "同样的 GPU 上，{precision} 在批大小 {batch} 时占 {memory}，速度 {rate}"
        "（{flags}，前提是脚本如此训练）"
    ),
    "the deadline of {deadline} is met with {left} left at the upper bound": (
        "按上界仍可在期限 {deadline} 内完成，余 {left}"
    ),
    "the deadline was not checked: {why}": "未检查期限：{why}",
    # what would help when nothing fits
    "{why_not}. Any of these would help: {helps}": "{why_not}。以下任一项会有帮助：{helps}",
    "a per-device batch below {batch} (--batch-size)": "每卡批大小小于 {batch}（--batch-size）",
    "mixed precision (--amp O1 --amp-dtype {dtype})": "混合精度（--amp O1 --amp-dtype {dtype}）",
    "full precision (--amp off)": "全精度（--amp off）",
    "a larger GPU such as {gpu} ({memory})": "更大的 GPU，如 {gpu}（{memory}）",
    "a GPU with at least {memory} (--gpu)": "至少 {memory} 的 GPU（--gpu）",
    "recompute or sharding (more data-parallel GPUs do not lower the memory of each)": (
        "重计算或分片（增加数据并行的 GPU 不会降低每张的显存）"
    ),
    "a deadline of {deadline}": "期限 {deadline}",
    # the request beside the GPUs
    "{gpus} x (1 for training + {workers} DataLoader workers): {rate} samples/s per GPU at "
    "an assumed {each} of CPU each": (
        "{gpus} ×（训练 1 + DataLoader 进程 {workers}）：每 GPU {rate} 样本/秒，"
        "假定每个样本占 CPU {each}"
    ),
    "{gpus} x (1 for training + {workers} DataLoader workers, an assumed minimum): without "
    "a step time nobody knows how many would keep up: {why}": (
        "{gpus} ×（训练 1 + DataLoader 进程 {workers}，假定的最小值）："
        "没有步时，无从知道多少个才跟得上：{why}"
    ),
    "{gpus} x (1 for training + {workers} DataLoader workers); {wanted} workers would feed "
    "the GPU, more than the CPU cores of a usual node: data loading may hold training back": (
        "{gpus} ×（训练 1 + DataLoader 进程 {workers}）；要喂饱 GPU 需 {wanted} 个进程，"
        "超过一般节点的 CPU 核数：数据读取可能拖慢训练"
    ),
    "{gpus} x (1 for training + {cores} for data, {workers} DataLoader workers): {rate} "
    "samples/s per GPU x {each} of CPU each (measured), {headroom:.0%} headroom": (
        "{gpus} ×（训练 1 + 数据 {cores}，DataLoader 进程 {workers} 个）："
        "每 GPU {rate} 样本/秒 × 每个样本占 CPU {each}（实测），余量 {headroom:.0%}"
    ),
    "the script's DataLoader needs none: a container's default": (
        "脚本的 DataLoader 不使用它：取容器默认值"
    ),
    "{processes} of {measured} (measured) and {libraries} of CUDA and cuDNN each": (
        "{processes}，每个 {measured}（实测）加 CUDA 和 cuDNN 的 {libraries}"
    ),
    "{batches} batches in flight in each process": "每个进程中 {batches} 个在途批次",
    # how data reaches the GPUs
    "a sample takes {processor} of CPU and {waiting} of waiting to make: measured on the CPU of "
    "this machine over {samples} samples of the script's own DataLoader": (
        "产出一个样本占 CPU {processor}，另等待 {waiting}："
        "在本机 CPU 上对脚本自己的 DataLoader 的 {samples} 个样本实测"
    ),
    "a sample takes {processor} of CPU to make: assumed by its bytes, not measured: {why}": (
        "产出一个样本占 CPU {processor}：按其字节数假定，并非实测：{why}"
    ),
    "data keeps up: num_workers={own} of the script makes up to {made} samples/s for each GPU, "
    "which takes {rate}": (
        "数据跟得上：脚本的 num_workers={own} 每 GPU 最多产出 {made} 样本/秒，GPU 消耗 {rate}"
    ),
    "the GPU will wait for data {share:.0%} of the time: num_workers={own} of the script makes at "
    "most {made} samples/s, a GPU takes {rate}; num_workers={enough} keeps up, and what is asked "
    "for allows for it": (
        "GPU 将有 {share:.0%} 的时间在等数据：脚本的 num_workers={own} 最多产出 {made} 样本/秒，"
        "而每 GPU 消耗 {rate}；num_workers={enough} 即可跟上，所申请的资源已为此留足"
    ),
    "bounded by data: what {workers} DataLoader workers for each GPU make at most": (
        "受数据限制：每 GPU {workers} 个 DataLoader 进程最多所能产出"
    ),
    "data bounds the speed: even {workers} DataLoader workers for each GPU make at most {made} "
    "samples/s, a GPU takes {rate} and will wait {share:.0%} of the time; cheaper or prepared "
    "samples would help, a faster GPU will not": (
        "速度受数据限制：即使每 GPU {workers} 个 DataLoader 进程，最多也只产出 {made} 样本/秒，"
        "而每 GPU 消耗 {rate}，将有 {share:.0%} 的时间在等数据；"
        "减轻或预先处理样本会有帮助，更快的 GPU 不会"
    ),
    "{bounded}; num_workers={own} of the script makes {made}": (
        "{bounded}；脚本的 num_workers={own} 产出 {made}"
    ),
    "{gpus} x {batches} batches in flight x {each}, {headroom:.0%} headroom (a container's "
    "default is 64 MiB)": (
        "{gpus} × {batches} 个在途批次 × {each}，余量 {headroom:.0%}（容器默认 64 MiB）"
    ),
    "{name}: {size}": "{name}：{size}",
    "{listed}; {headroom:.0%} headroom on all but /dev/shm, rounded up": (
        "{listed}；除 /dev/shm 外余量 {headroom:.0%}，向上取整"
    ),
    "{processes} of {each} each": "{processes}，每个 {each}",
    "weights while loading or saving": "加载或保存时的权重",
    "{workers} DataLoader workers": "{workers} 个 DataLoader 进程",
    # parts of sentences
    "1 GPU": "1 张 GPU",
    "{count} GPUs": "{count} 张 GPU",
    "1 process": "1 个进程",
    "{count} processes": "{count} 个进程",
    "{count} x {gpu}, batch {batch}, {precision}": "{count} 张 {gpu}，批大小 {batch}，{precision}",
    "cost": "费用",
    "GPU memory x hours": "显存 × 时长",
    "GPU-hours": "GPU 小时",
    "time": "时间",
    "GPUs": "GPU 数",
    "GPU memory": "显存",
}
