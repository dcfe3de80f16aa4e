"""The whole pretence, put in place at once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import paddle
from paddle.base import core, libpaddle

from estimator.drystep.child.cuda.attention import offer_fused_attention
from estimator.drystep.child.cuda.experts import offer_experts
from estimator.drystep.child.cuda.flags import let_flags_be_set
from estimator.drystep.child.cuda.nccl import offer_nccl
from estimator.drystep.child.cuda.places import (
    CUDAPinnedPlace,
    CUDAPlace,
    let_places_be_cuda,
)
from estimator.drystep.child.cuda.replace import replace_everywhere
from estimator.drystep.child.cuda.sharding import shard_on_the_device
from estimator.drystep.child.cuda.streams import (
    CUDAEvent,
    CUDAStream,
    CurrentStream,
    device_generator,
)
from estimator.drystep.child.virtual import BOUNDLESS
from estimator.drystep.request import CudaCard

CUDA_VERSION = "12.6"
CUDNN_VERSION = 90501
NCCL_VERSION = 22304
"""Of Paddle 3.3's GPU wheels: CUDA 12.6, cuDNN 9.5.1, NCCL 2.23.4."""

_DEVICE_FUNCTIONS = (
    "device_count",
    "empty_cache",
    "get_rng_state",
    "manual_seed",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "reset_max_memory_allocated",
    "reset_max_memory_reserved",
    "set_rng_state",
)
"""What ``paddle.device`` takes from ``paddle.device.cuda`` on a CUDA build, when it is imported."""


@dataclass(frozen=True, slots=True)
class DeviceProperties:
    """What ``paddle.device.cuda.get_device_properties`` gives: the figures of the card."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int


@dataclass(frozen=True, slots=True)
class CudaRuntime:
    """The functions of CUDA's runtime that ``paddle.cuda`` hands on."""

    free_bytes: Callable[[], int]
    total_bytes: int

    def cudaMemGetInfo(self, device: object = None) -> tuple[int, int]:  # noqa: N802
        """Free and total bytes."""
        return self.free_bytes(), self.total_bytes

    def cudaDeviceSynchronize(self) -> int:  # noqa: N802
        return 0

    def cudaProfilerStart(self) -> int:  # noqa: N802
        return 0

    def cudaProfilerStop(self) -> int:  # noqa: N802
        return 0


def pretend_cuda(card: CudaCard, gpus: int = 1) -> None:
    """From now on the virtual GPU is each of the machine's ``gpus`` CUDA devices, a ``card``.

    It cannot be undone; processes forked later pretend as well. Does not choose the device: as
    on a CUDA build, the GPU is the default one unless the script says otherwise.
    """
    let_places_be_cuda(gpus)
    _keep_what_gpus_keep()
    functions = _core_functions(card, gpus)
    replace_everywhere(functions, core)
    for name in functions:
        setattr(libpaddle, name, getattr(core, name))
    replace_everywhere({"CUDAPlace": CUDAPlace, "CUDAPinnedPlace": CUDAPinnedPlace}, paddle)
    _take_the_cuda_branch_of_device()
    let_flags_be_set()
    offer_fused_attention()
    offer_nccl()
    offer_experts()
    shard_on_the_device()
    _say_versions()
    replace_everywhere({"spawn": _spawn(gpus)}, paddle.distributed)
    paddle.set_device("gpu:0")


def _keep_what_gpus_keep() -> None:
    """Have backward passes keep what they do on a GPU (device/source/kept_inputs.cpp)."""
    keep = getattr(ctypes.CDLL(None), "vgpu_keep_as_gpus", None)
    if keep is not None:  # preloaded
        keep()


def _core_functions(card: CudaCard, gpus: int) -> dict[str, Any]:
    properties = DeviceProperties(
        card.name, *card.compute_capability, card.memory_bytes, card.multiprocessors
    )
    stream = CurrentStream()
    return {
        "CUDAPlace": CUDAPlace,
        "CUDAPinnedPlace": CUDAPinnedPlace,
        "CUDAStream": CUDAStream,
        "CUDAEvent": CUDAEvent,
        "default_cuda_generator": device_generator,
        "cuda_empty_cache": core.device_empty_cache,
        # Short of it, Layer.to() would take every parameter through host memory, gigabytes of it.
        "gpu_memory_available": _always(BOUNDLESS),
        "get_device_properties": _always(properties),
        "get_cuda_device_count": _always(gpus),
        "get_available_device": _always(["cpu", *(f"gpu:{number}" for number in range(gpus))]),
        "_cudart": CudaRuntime(_free_bytes(card), card.memory_bytes),
        "_get_current_stream": stream.get,
        "_set_current_stream": stream.set,
        **{name: _always(value) for name, value in _CONSTANTS.items()},
        **{name: _always(None) for name in _NOTHING_TO_DO},
    }


_CONSTANTS: Mapping[str, Any] = {
    "is_compiled_with_cuda": True,
    "is_compiled_with_nccl": True,
    "is_compiled_with_custom_device": False,
    "get_cuda_current_device_id": 0,
    "cudnn_version": CUDNN_VERSION,
    "nccl_version": NCCL_VERSION,
    "get_all_device_type": ["cpu", "gpu"],
    "get_all_custom_device_type": [],
    "get_available_custom_device": [],
    "is_cuda_graph_capturing": False,
    "vmm_max_free_size": (0, 0),
    "vmm_free_block_info": [],
    "vmm_all_block_info": [],
}

_NOTHING_TO_DO = (
    "_device_synchronize",
    "_cuda_synchronize",
    "_check_last_cuda_error",
    "vmm_compact",
    "nvprof_init",
    "nvprof_start",
    "nvprof_stop",
    "nvprof_enable_record_event",
    "nvprof_disable_record_event",
    "nvprof_nvtx_push",
    "nvprof_nvtx_pop",
)


def _always(value: Any) -> Callable[..., Any]:
    def answer(*_: object, **__: object) -> Any:
        return list(value) if isinstance(value, list) else value

    return answer


def _free_bytes(card: CudaCard) -> Callable[[], int]:
    """What is free on the card by Paddle's own account."""
    return lambda: card.memory_bytes - core.device_memory_stat_current_value("Reserved", 0)


def _take_the_cuda_branch_of_device() -> None:
    """``paddle.device`` chose its functions when it was imported: give it those of CUDA."""
    from paddle.device import cuda

    own = {name: getattr(cuda, name) for name in _DEVICE_FUNCTIONS if hasattr(cuda, name)} | {
        "_get_device_properties": cuda.get_device_properties,
        "_create_event_base": cuda.create_event,
        "_create_stream_base": cuda.create_stream,
    }
    vars(paddle.device).update(own)
    # In 3.3 that is a module put in place of the one whose functions look for these names.
    paddle.device.get_device.__globals__.update(own)


def _spawn(gpus: int) -> Callable[..., None]:
    """``paddle.distributed.spawn``: this process is one of those that it would start."""

    def spawn(
        func: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = -1, **_: object
    ) -> None:
        if nprocs not in (-1, 0, gpus):
            raise ValueError(
                f"paddle.distributed.spawn is asked for {nprocs} processes, and the job has {gpus} "
                f"GPUs on each node: paddle-estimate run --gpus {nprocs}"
            )
        func(*args)

    return spawn


def _say_versions() -> None:
    paddle.version.cuda_version = CUDA_VERSION
    kind = getattr(paddle.version, "CudaVersion", None)
    paddle.version.cuda = kind(CUDA_VERSION) if kind else _always(CUDA_VERSION)
    paddle.version.cudnn_version = ".".join(
        (str(CUDNN_VERSION // 10000), str(CUDNN_VERSION // 100 % 100), str(CUDNN_VERSION % 100))
    )
    paddle.version.nccl_version = str(NCCL_VERSION)
