"""Device memory outside Paddle's allocator: CUDA context, library handles, communication.

The context is modelled as ``multiprocessors x a fixed part + what the libraries load``.

The fixed part, from processes that did nothing but create a context (CUDA 12 and 13):

=========================  ===  =======  ==========  =====================================
GPU                        SMs  MiB      MiB per SM  source
=========================  ===  =======  ==========  =====================================
RTX 4060 Ti                 34  107      3.15        ggml-org/llama.cpp#23604
RTX 3090                    82  256      3.12        invoke-ai/InvokeAI#9413
RTX 6000 Ada               142  426      3.00        unslothai/unsloth-zoo#1053
RTX PRO 6000 Blackwell     188  555      2.95        ggml-org/llama.cpp#23604
=========================  ===  =======  ==========  =====================================

What libraries add on top of it (cuDNN, cuBLAS, the framework's own kernels):

- kernels loaded when first used (CUDA 11.7 and newer): 155 MiB on an H100, from the 551 MB that
  NVIDIA's aiconfigurator first took for everything outside the allocator, less 132 SMs; vLLM
  measured 0.16 GiB on an H100 (vllm-project/vllm#12126).
- all kernels loaded at start (before CUDA 11.7): 571 MiB in Paddle 2.2.2 on a T4, from the 691 MiB
  that stay after every tensor is gone (PaddlePaddle/Paddle#57943), less 40 SMs; 476 MiB on an
  RTX 2080 Ti (713 MB, PaddlePaddle/Paddle#24753); 1,363 MiB in PyTorch 1.8 on an RTX 3090
  (1,687 MB, pytorch/pytorch#55277).
- a cuBLAS workspace for each handle: 32 MiB on Hopper, 4 MiB before (cuBLAS manual). Newer
  architectures are taken as Hopper.

Communication: see :mod:`estimator.memory.communication`.

No published figure has Paddle 3 with CUDA 12 and both its reserved memory and nvidia-smi's, so the
upper bound there is what the same process takes when everything is loaded.
"""

from __future__ import annotations

from functools import lru_cache

from estimator.drystep.cluster import Communicator
from estimator.gpus.types import GpuType
from estimator.memory.communication import communication_buffers
from estimator.memory.types import DeviceOverhead
from estimator.messages import sentence
from estimator.units import MIB, format_bytes
from estimator.values import Bounded, Missing, Source

DEFAULT_CUDA = (12, 6)
"""CUDA of the current Paddle images."""
_LAZY_LOADING_SINCE = (11, 7)

_PER_SM_MIB = (2.9, 3.0, 3.2)
_UNKNOWN_SMS = (10, 80, 188)
"""Smallest, middle and largest of the types with a known count."""
_LAZY_KERNELS_MIB = (0.0, 128.0, 571.0)
_EAGER_KERNELS_MIB = (362.0, 571.0, 1363.0)
"""The lower end is what eager loading alone added in PyTorch: 667 against 287 MB
(pytorch/pytorch#86509)."""
_CUBLAS_MIB = 4.0
_CUBLAS_HOPPER_MIB = 32.0


@lru_cache(maxsize=1 << 12)
def device_overhead(
    gpu: GpuType,
    gpu_count: int,
    cuda_version: tuple[int, int] = DEFAULT_CUDA,
    groups: tuple[Communicator, ...] = (),
) -> DeviceOverhead:
    """Bytes on each of ``gpu_count`` GPUs that the allocator does not see; over a thousand plans
    ask for the same few.

    One process per GPU is assumed. groups: NCCL's communicators; without them one of all GPUs (data
    parallel).
    """
    if gpu_count < 1:
        raise ValueError(f"a job has at least one GPU, not {gpu_count}")
    return DeviceOverhead(
        _context(gpu, cuda_version),
        communication_buffers(gpu, groups or (Communicator(gpu_count),)),
        _libraries(gpu, cuda_version),
    )


def _context(gpu: GpuType, cuda_version: tuple[int, int]) -> Bounded[int]:
    lazy = cuda_version >= _LAZY_LOADING_SINCE
    lower, target, upper = (
        round((per_sm * count + loaded + _cublas_mib(gpu)) * MIB)
        for per_sm, count, loaded in zip(
            _PER_SM_MIB, _sm_counts(gpu), _kernels_mib(cuda_version), strict=True
        )
    )
    when = sentence("when first used") if lazy else sentence("at start")
    reason = sentence(
        "CUDA context of {gpu} with its {count} multiprocessors, and kernels loaded {when}: {size}",
        gpu=gpu.name,
        count=_sm_text(gpu),
        when=when,
        size=format_bytes(target),
    )
    return Bounded(target, lower, upper, Source.PUBLISHED, reason)


def _libraries(gpu: GpuType, cuda_version: tuple[int, int]) -> Bounded[int]:
    """The part of the context that cuDNN, cuBLAS and loaded kernels take."""
    lower, target, upper = (
        round((loaded + _cublas_mib(gpu)) * MIB) for loaded in _kernels_mib(cuda_version)
    )
    reason = sentence(
        "kernels of cuDNN, cuBLAS and Paddle under CUDA {version}, and a workspace of {cublas} for "
        "cuBLAS",
        version=".".join(map(str, cuda_version)),
        cublas=format_bytes(round(_cublas_mib(gpu) * MIB)),
    )
    return Bounded(target, lower, upper, Source.PUBLISHED, reason)


def _kernels_mib(cuda_version: tuple[int, int]) -> tuple[float, float, float]:
    lazy = cuda_version >= _LAZY_LOADING_SINCE
    return _LAZY_KERNELS_MIB if lazy else _EAGER_KERNELS_MIB


def _sm_counts(gpu: GpuType) -> tuple[int, int, int]:
    """For the lower end, the target and the upper end: the same where the type says."""
    if isinstance(gpu.multiprocessors, Missing):
        return _UNKNOWN_SMS
    return (gpu.multiprocessors,) * 3


def _sm_text(gpu: GpuType) -> str:
    if isinstance(gpu.multiprocessors, Missing):
        fewest, most = _UNKNOWN_SMS[0], _UNKNOWN_SMS[-1]
        return sentence("{fewest} to {most} (not known)", fewest=fewest, most=most)
    return str(gpu.multiprocessors)


def _cublas_mib(gpu: GpuType) -> float:
    return _CUBLAS_HOPPER_MIB if gpu.compute_capability >= (9, 0) else _CUBLAS_MIB
