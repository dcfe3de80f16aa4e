"""The summary, its tables, the progress line and the doctor's report."""

from __future__ import annotations

from estimator.messages.wording import Wording

WORDINGS = {
    # templates
    "templates.name": Wording("name", "名称"),
    "templates.layer": Wording("layer", "层"),
    "templates.extends": Wording("extends", "继承"),
    "templates.description": Wording("description", "说明"),
    # progress
    "stage.read": Wording("reading the model file", "读取模型文件"),
    "stage.build_device": Wording("building the virtual GPU", "编译虚拟 GPU"),
    "stage.dry_step": Wording("running training steps", "试运行训练步"),
    "stage.largest_batch": Wording("searching the largest batch sizes", "搜索最大批大小"),
    "stage.predict": Wording("predicting memory and speed", "预测显存与速度"),
    "stage.plan": Wording("comparing plans", "比较方案"),
    "stage.manifest": Wording("filling in the YAML", "填写 YAML"),
    # what was measured
    "summary.model": Wording(
        "{name}: {parameters} parameters, from {source}",
        "{name}：{parameters} 个参数，来自 {source}",
    ),
    "summary.measured_gpu": Wording(
        "measured on a real GPU, Paddle {paddle}, in {seconds}",
        "在真实 GPU 上测得，Paddle {paddle}，用时 {seconds}",
    ),
    "summary.measured_virtual": Wording(
        "measured on a virtual GPU, Paddle {paddle}, in {seconds}",
        "在虚拟 GPU 上测得，Paddle {paddle}，用时 {seconds}",
    ),
    "summary.measured_cpu": Wording(
        "extrapolated from small batches on the CPU, Paddle {paddle}, in {seconds}",
        "由 CPU 上的小批量外推，Paddle {paddle}，用时 {seconds}",
    ),
    "summary.batch": Wording(
        "batch size {batch} per device ({batch} global on one GPU), {precision}, {optimizer}",
        "每卡批大小 {batch}（单卡时全局批大小 {batch}），{precision}，{optimizer}",
    ),
    "summary.peak": Wording(
        "peak allocated {allocated} ({phase}), peak reserved {reserved}",
        "峰值已分配 {allocated}（{phase}），峰值已保留 {reserved}",
    ),
    "phase.forward": Wording("in the forward pass", "前向阶段"),
    "phase.backward": Wording("in the backward pass", "反向阶段"),
    "phase.optimizer": Wording("in the optimizer step", "优化器阶段"),
    "kind.parameters": Wording("parameters", "参数"),
    "kind.buffers": Wording("buffers", "缓冲区"),
    "kind.gradients": Wording("gradients", "梯度"),
    "kind.optimizer_state": Wording("optimizer state", "优化器状态"),
    "kind.activations": Wording("activations", "激活"),
    "kind.temporary": Wording("temporary", "临时"),
    # the considered GPUs
    "table.title": Wording(
        "Considered GPUs, one of each at batch size {batch} per device",
        "候选 GPU，各一张，每卡批大小 {batch}",
    ),
    "table.gpu": Wording("GPU", "GPU"),
    "table.memory": Wording("device\nmemory", "显存占用"),
    "table.interval": Wording("interval", "区间"),
    "table.capacity": Wording("of", "总显存"),
    "table.fits": Wording("fits", "放得下"),
    "table.largest_batch": Wording("largest\nbatch", "最大批大小"),
    "table.step_time": Wording("step\ntime", "步时"),
    "table.throughput": Wording("samples/s", "样本/秒"),
    "table.chosen": Wording("CHOSEN x{count}", "选定 {count} 张"),
    "table.yes": Wording("yes", "是"),
    "table.no": Wording("no", "否"),
    "table.none": Wording("none", "无"),
    # what to ask for
    "summary.recommendation": Wording("Recommendation: {plan}", "建议：{plan}"),
    "summary.plan": Wording(
        "{count} x {gpu}, nodes: {nodes}, "
        "batch size {batch} per device, {whole} global, {precision}",
        "{count} 张 {gpu}，节点数 {nodes}，每卡批大小 {batch}，全局批大小 {whole}，{precision}",
    ),
    "summary.request": Wording(
        "request per node: {cpu} CPU, {memory} memory, {shm} /dev/shm",
        "每节点申请：{cpu} 核 CPU，{memory} 内存，{shm} /dev/shm",
    ),
    "summary.nothing_fits": Wording("Nothing fits", "没有可行的方案"),
    "summary.nearest": Wording("nearest miss: {plan}", "最接近的方案：{plan}"),
    "summary.no_step_time": Wording(
        "no step time for {count} of {total} GPU types: {why}",
        "{total} 种 GPU 中有 {count} 种没有步时：{why}",
    ),
    "summary.assumptions": Wording("Assumptions", "假设"),
    "summary.notes": Wording("Notes", "说明"),
    # --explain
    "explain.figures": Wording("Figures of this plan", "该方案的数值"),
    "explain.request": Wording("Request per node", "每节点的申请"),
    "explain.plans": Wording("Best plan of each GPU type", "每种 GPU 的最佳方案"),
    "explain.yaml": Wording("Values in the YAML", "YAML 中的值"),
    "explain.plan": Wording("plan", "方案"),
    "explain.path": Wording("path", "路径"),
    "explain.value": Wording("value", "项目"),
    "explain.figure": Wording("is", "取值"),
    "explain.source": Wording("source", "来源"),
    "explain.why": Wording("why", "理由"),
    "explain.device_memory": Wording("device memory", "显存占用"),
    "explain.context": Wording("context and handles", "上下文与句柄"),
    "explain.communication": Wording("communication buffers", "通信缓冲区"),
    "explain.step_time": Wording("step time", "步时"),
    "explain.throughput": Wording("samples/s", "样本/秒"),
    "explain.efficiency": Wording("scaling efficiency", "扩展效率"),
    "explain.duration": Wording("duration", "总时长"),
    "explain.gpu_hours": Wording("GPU-hours", "GPU 时"),
    "explain.cost": Wording("cost", "费用"),
    "explain.host_memory": Wording("memory", "内存"),
    "explain.cpu": Wording("CPU", "CPU"),
    "explain.shm": Wording("/dev/shm", "/dev/shm"),
    "source.measured": Wording("measured", "实测"),
    "source.virtual": Wording("virtual", "虚拟运行"),
    "source.regressed": Wording("regressed", "回归"),
    "source.published": Wording("published", "公开数据"),
    "source.assumed": Wording("assumed", "假设"),
    # the catalogue
    "gpus.name": Wording("GPU", "GPU"),
    "gpus.architecture": Wording("architecture", "架构"),
    "gpus.memory": Wording("memory", "显存"),
    "gpus.bandwidth": Wording("GB/s", "GB/s"),
    "gpus.fp32": Wording("fp32 TFLOP/s", "fp32 TFLOP/s"),
    "gpus.fp16": Wording("fp16 TFLOP/s", "fp16 TFLOP/s"),
    "gpus.bf16": Wording("bf16 TFLOP/s", "bf16 TFLOP/s"),
    "gpus.per_node": Wording("per node", "每节点"),
    "gpus.price": Wording("price an hour", "每小时价格"),
    # the doctor
    "doctor.python": Wording("Python", "Python"),
    "doctor.paddle": Wording("PaddlePaddle", "PaddlePaddle"),
    "doctor.compiler": Wording("C++ compiler", "C++ 编译器"),
    "doctor.virtual_gpu": Wording("virtual GPU", "虚拟 GPU"),
    "doctor.device": Wording("--device auto takes", "--device auto 选用"),
    "doctor.data": Wording("job records", "作业记录"),
    "doctor.cache": Wording("cache", "缓存"),
    "doctor.config": Wording("settings", "设置"),
    "doctor.fine": Wording("ok", "正常"),
    "doctor.absent": Wording("missing", "缺少"),
    "doctor.bad": Wording("MISSING", "缺少（必需）"),
    "doctor.cpu_build": Wording("CPU build", "CPU 版"),
    "doctor.gpu_build": Wording("GPU build", "GPU 版"),
    "doctor.no_compiler": Wording(
        "'{name}' was not found; install g++ or set CXX", "未找到 '{name}'；请安装 g++ 或设置 CXX"
    ),
    "doctor.not_writable": Wording("'{path}' cannot be written to", "'{path}' 不可写"),
}
