"""Paddle's sharding as on a GPU, without taking every parameter through host memory.

Stages 2 and 3 move parameters to the host and back when a model is wrapped: minutes and gigabytes
for billions of parameters, whose values mean nothing here. What the device is asked for, and in
which order, stays the same. Small parameters take Paddle's own way, so that their values are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import paddle
from paddle.distributed.fleet.meta_optimizers.dygraph_optimizer.hybrid_parallel_optimizer import (
    HybridParallelClipGrad,
)
from paddle.distributed.fleet.meta_parallel.sharding.group_sharded_stage3 import GroupShardedStage3
from paddle.distributed.fleet.meta_parallel.sharding.group_sharded_storage import (
    InternalStorage,
    ParamStorage,
)
from paddle.distributed.fleet.meta_parallel.sharding.group_sharded_utils import device_guard

LARGEST_KEPT_BYTES = 1 << 20
"""Values of larger parameters are not kept: a large model that is split has hundreds of them with a
few MiB each, and all would be written."""

_HALF = (paddle.float16, paddle.bfloat16)


def shard_on_the_device() -> None:
    """From now on sharding moves no large values, and clips gradients as on a CUDA device."""
    _make_host_buffers_without_values()
    _leave_values_behind_in_stage_2()
    _leave_values_behind_in_stage_3()
    _clip_bfloat16()


def _make_host_buffers_without_values() -> None:
    original = InternalStorage.__init__

    def init(
        self: Any, size: Any, dtype: Any, device: Any, convert_cpu: bool = False, **more: Any
    ) -> None:
        shape = [size] if isinstance(size, int) else list(size)
        if not convert_cpu or prod(shape) * _bytes_of(dtype) <= LARGEST_KEPT_BYTES:
            original(self, size, dtype, device, convert_cpu, **more)
            return
        original(self, 1, dtype, device, convert_cpu, **more)
        with device_guard(0, "cpu"):
            self.buffer = paddle.empty(shape, dtype)

    InternalStorage.__init__ = init


def _leave_values_behind_in_stage_2() -> None:
    original = ParamStorage._add_param_as_view

    @paddle.autograd.no_grad()  # type: ignore[untyped-decorator]
    def add(self: Any, param: Any, align: int, convert_gpu: bool = True) -> Any:
        if not convert_gpu or _is_small(self.buffer):
            return original(self, param, align, convert_gpu)
        shape, count = param.shape, param.size
        param._clear_data()
        self._fill += count + align
        return shape

    ParamStorage._add_param_as_view = add


def _leave_values_behind_in_stage_3() -> None:
    original = GroupShardedStage3._param_storage

    def store(self: Any, param: Any, buffer_size: int) -> None:
        if self._offload or _is_small(param):
            original(self, param, buffer_size)
            return
        start, end = self._param2buffer[param.name][self._rank]
        param.fw_storage = paddle.empty([end - start], param.dtype)
        param.fw_storage.name = "slice@" + param.name
        param.status = "part"
        if param.trainable and param.dtype in _HALF:
            master = paddle.cast(param.fw_storage, "float32")
            master.name = param.name
            self._optim._master_weights[param.fw_storage.name] = master
        param._clear_data()

    GroupShardedStage3._param_storage = store


def _is_small(tensor: Any) -> bool:
    return bool(tensor.size * tensor.element_size() <= LARGEST_KEPT_BYTES)


def _bytes_of(dtype: Any) -> int:
    return 2 if dtype in _HALF else 4


class _NoCustomPlaces(type):
    def __instancecheck__(cls, place: object) -> bool:
        return False


class _CustomPlace(metaclass=_NoCustomPlaces):
    """``paddle.CustomPlace`` on a machine where no place is one."""


@contextmanager
def _no_custom_places() -> Iterator[None]:
    own = paddle.CustomPlace
    paddle.CustomPlace = _CustomPlace
    try:
        yield
    finally:
        paddle.CustomPlace = own


def _clip_bfloat16() -> None:
    """Paddle's clipping of all ranks leaves bfloat16 out for custom devices, and then fails."""
    original = HybridParallelClipGrad._dygraph_clip

    def clip(self: Any, gradients: Any) -> Any:
        with _no_custom_places():
            return original(self, gradients)

    HybridParallelClipGrad._dygraph_clip = clip
