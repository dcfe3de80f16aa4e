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
    "correction by past jobs: {size}": "历史作业的修正：{size}",
}
