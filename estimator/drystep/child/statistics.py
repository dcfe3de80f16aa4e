"""Paddle's own account of device memory: the same calls for a real and the virtual GPU. Bytes."""

from __future__ import annotations

from typing import Any

from paddle.base import core

_leaked: list[int] = []
"""Bytes that Paddle itself will never free; see :func:`count_as_leaked`."""

_device: list[Any] = []
"""The virtual GPU's library, which counts the pages that are taken of it."""


def use_device(library: Any) -> None:
    """Count the pages of the virtual GPU from now on; ``library`` holds its controls."""
    _device[:] = [library]


def count_as_leaked(size: int) -> None:
    """Leave ``size`` live bytes out of every figure from now on.

    Where the device is full within the backward pass of a PyLayer, as in recompute, Paddle
    makes an exception of its own of it and never frees the gradients that the node was given.
    """
    _leaked.append(size)


def leaked_bytes() -> int:
    """What the device must have beyond its capacity for the leaked bytes not to count."""
    return sum(_leaked)


def allocated_bytes() -> int:
    """Live bytes of Paddle's allocator."""
    return int(core.device_memory_stat_current_value("Allocated", 0)) - leaked_bytes()


def peak_allocated_bytes() -> int:
    """Peak of live bytes since :func:`restart_allocated_peak`."""
    return int(core.device_memory_stat_peak_value("Allocated", 0)) - leaked_bytes()


def peak_reserved_bytes() -> int:
    """Peak of the bytes Paddle's allocator held since :func:`restart_reserved_peak`."""
    return int(core.device_memory_stat_peak_value("Reserved", 0)) - leaked_bytes()


def page_bytes() -> int:
    """What the device gave beyond the reserved peak, because it gives whole pages; 0 elsewhere.

    A real GPU's pages are not told by Paddle.
    """
    if not _device:
        return 0
    reserved = int(core.device_memory_stat_peak_value("Reserved", 0))
    return max(0, int(_device[0].vgpu_peak_used()) - reserved)


def restart_allocated_peak() -> None:
    """Count the peak anew from what is live now."""
    core.device_memory_stat_reset_peak_value("Allocated", 0)


def restart_reserved_peak() -> None:
    """Give idle chunks back to the device and count the peak anew from what is held now."""
    core.device_empty_cache()
    core.device_memory_stat_reset_peak_value("Reserved", 0)
    for library in _device:
        library.vgpu_restart_peak_used()
