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
    """Stands in for ``paddle.CUDAPlace``. Every GPU of the machine is the one virtual device."""

    gpus = 1

    def __new__(cls, device_id: int) -> Any:
        if not 0 <= device_id < cls.gpus:
            raise ValueError(
                f"Invalid CUDAPlace({device_id}), must inside [0, {cls.gpus}), because GPU number "
                f"on your machine is {cls.gpus}"
            )
        return core.CustomPlace(DEVICE_TYPE, 0)


class CUDAPinnedPlace(core.CPUPlace):
    """Stands in for ``paddle.CUDAPinnedPlace``: host memory; pinned or not makes no difference."""


def let_places_be_cuda(gpus: int = 1) -> None:
    """Have places, such as those of tensors, say that they are on a GPU, and on which.

    gpus: how many the machine has.
    """
    CUDAPlace.gpus = gpus
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
