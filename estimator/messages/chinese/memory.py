"""Of :mod:`estimator.memory`."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "tensors that live at the peak of the step": "训练步峰值时存活的张量",
    "held by the allocator between tensors, for reuse": "分配器在张量之间留存以便复用",
    "scratch of one convolution, beyond what the allocator holds anyway": (
        "单个卷积的临时空间中，分配器原有留存之外的部分"
    ),
    "buffers in which data parallel training sums gradients": "数据并行训练汇总梯度所用的缓冲区",
    "kernels of cuDNN, cuBLAS and Paddle under CUDA {version}, and a workspace of {cublas} for "
    "cuBLAS": "CUDA {version} 下 cuDNN、cuBLAS 与 Paddle 的内核，以及 cuBLAS 的 {cublas} 工作区",
    "the allocator holds {held}": "分配器持有 {held}",
    "naive_best_fit holds {held} whatever is needed, here {need}: FLAGS_allocator_strategy": (
        "naive_best_fit 无论所需多少都持有 {held}，此处需要 {need}：FLAGS_allocator_strategy"
    ),
    "{reason}, set by the phase '{phase}'": "{reason}，由阶段 '{phase}' 决定",
    "{reason} ({lower} to {upper} by the scratch of convolutions)": (
        "{reason}（视卷积的临时空间为 {lower} 至 {upper}）"
    ),
    "{reason}, and {outside} for the CUDA context, libraries": (
        "{reason}，另有 CUDA 上下文与库 {outside}"
    ),
    "{reason}, and {outside} for the CUDA context, libraries and communication": (
        "{reason}，另有 CUDA 上下文、库与通信 {outside}"
    ),
    "parts of the 2 MiB pages of device memory that no chunk of the allocator fills": (
        "设备显存以 2 MiB 为一页，分配器的块未填满的部分"
    ),
    "{reason}, {pages} more in pages of 2 MiB": "{reason}，按 2 MiB 一页计另需 {pages}",
    "the allocator holds {held}, assumed from {used} allocated: {why}": (
        "分配器持有 {held}，由已分配的 {used} 假定：{why}"
    ),
    "when first used": "首次使用时",
    "at start": "启动时",
    "CUDA context of {gpu} with its {count} multiprocessors, and kernels loaded {when}: {size}": (
        "{gpu}（{count} 个多处理器）的 CUDA 上下文，内核在{when}加载：{size}"
    ),
    "{fewest} to {most} (not known)": "{fewest} 至 {most}（未知）",
    "one GPU needs no communication buffers": "单卡不需要通信缓冲区",
    "NCCL buffers among {count} GPUs: {size}": "{count} 张 GPU 之间的 NCCL 缓冲区：{size}",
    "correction by past jobs: {size}": "历史作业的修正：{size}",
    "NCCL buffers of {groups} groups among {most} GPUs at most, {directly} direct connections: "
    "{size}": "NCCL 缓冲区，{groups} 个通信组，最多 {most} 张 GPU，{directly} 个直接连接：{size}",
    "NCCL buffers of {groups} groups among {most} GPUs at most: {size}": (
        "NCCL 缓冲区，{groups} 个通信组，最多 {most} 张 GPU：{size}"
    ),
}
