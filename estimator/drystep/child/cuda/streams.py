"""CUDA streams and events of a device that has done everything at once."""

from __future__ import annotations

import time
from typing import Any

from paddle.base import core

from estimator.drystep.child.cuda.places import CUDAPlace


class CUDAEvent:
    """Stands in for ``paddle.device.cuda.Event``. Times are the host's."""

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._recorded: float | None = None

    def record(self, stream: CUDAStream | None = None) -> None:
        self._recorded = time.perf_counter()

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        """All work has been done already."""

    def elapsed_time(self, end: CUDAEvent) -> float:
        """Milliseconds between two records."""
        if self._recorded is None or end._recorded is None:
            return 0.0
        return (end._recorded - self._recorded) * 1000


class CUDAStream:
    """Stands in for ``paddle.device.cuda.Stream``."""

    def __init__(self, device: Any = None, priority: int = 2, *_: object) -> None:
        self.place = CUDAPlace(0)
        self.cuda_stream = self.raw_stream = id(self)  # some number that only this one has

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        """All work has been done already."""

    def wait_event(self, event: CUDAEvent) -> None:
        """All work has been done already."""

    def wait_stream(self, stream: CUDAStream) -> None:
        """All work has been done already."""

    def record_event(self, event: CUDAEvent | None = None) -> CUDAEvent:
        event = event or CUDAEvent()
        event.record(self)
        return event


class CurrentStream:
    """Which stream is current; setting one gives the one before, as Paddle's core does."""

    def __init__(self) -> None:
        self._stream = CUDAStream()

    def get(self, device_id: int = -1) -> CUDAStream:
        return self._stream

    def set(self, stream: CUDAStream) -> CUDAStream:
        before, self._stream = self._stream, stream
        return before


def device_generator(device_id: int = 0) -> Any:
    """The random generator of the device, as ``core.default_cuda_generator``."""
    return core.default_custom_device_generator(CUDAPlace(device_id))
