"""CUDA places, which are places of the virtual GPU under another name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paddle.base import core

from estimator.drystep.child.virtual import DEVICE_TYPE


class _CudaPlaceType(type):
    """``isinstance(place, CUDAPlace)``: whether it is a place of the virtual GPU."""

    def __instancecheck__(cls, place: object) -> bool:
        return isinstance(place, core.CustomPlace)


class CUDAPlace(metaclass=_CudaPlaceType):
    """Stands in for ``paddle.CUDAPlace``. There is one device, number 0."""

    def __new__(cls, device_id: int) -> Any:
        if device_id != 0:
            raise ValueError(
                f"Invalid CUDAPlace({device_id}), must inside [0, 1), because GPU number on your "
                "machine is 1"
            )
        return core.CustomPlace(DEVICE_TYPE, device_id)


class CUDAPinnedPlace(core.CPUPlace):
    """Stands in for ``paddle.CUDAPinnedPlace``: host memory; pinned or not makes no difference."""


def let_places_be_cuda() -> None:
    """Have places, such as those of tensors, say that they are on a GPU, and on which."""
    kinds: tuple[Any, ...] = (core.Place, core.CustomPlace)
    for kind in kinds:
        kind.is_gpu_place = _is_gpu
        kind.gpu_device_id = _device_id
        kind.__str__ = kind.__repr__ = _renamed(kind.__str__)
    core.eager.Tensor._place_str = property(lambda tensor: str(tensor.place))


def _is_gpu(place: Any) -> bool:
    return bool(place.is_custom_place())


def _device_id(place: Any) -> int:
    return int(place.custom_device_id())


def _renamed(shown: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda place: shown(place).replace(f"{DEVICE_TYPE}:", "gpu:")
