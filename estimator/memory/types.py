"""What a job takes on the device, as ``nvidia-smi`` would show it."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.values import Bounded, Missing

NOT_APART = Missing("not told apart from the CUDA context")


@dataclass(frozen=True, slots=True)
class DeviceOverhead:
    """Bytes on the device outside Paddle's allocator: CUDA context and library handles,
    and communication buffers (0 bytes on one GPU).

    libraries: the part of ``context`` that cuDNN, cuBLAS and the loaded kernels take.
    """

    context: Bounded[int]
    communication: Bounded[int]
    libraries: Bounded[int] | Missing = NOT_APART

    @property
    def upper(self) -> int:
        return self.context.upper + self.communication.upper


@dataclass(frozen=True, slots=True)
class MemoryLayer:
    """One layer of device memory, in bytes; the layers of an estimate add up to it."""

    name: str
    size: Bounded[int]


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Device memory of one GPU = reserved + pages + overhead, and what a program can get of it.

    capacity_bytes: the total that nvidia-smi shows, without the driver's own share.
    inside: the layers of what the allocator holds; empty where they were not told apart.
    pages: what the device gives beyond that, in whole pages; None where none was counted.
    """

    gpu: str
    per_device_batch_size: int
    reserved_bytes: int
    overhead: DeviceOverhead
    device_memory: Bounded[int]
    capacity_bytes: int
    inside: tuple[MemoryLayer, ...] = ()
    pages: Bounded[int] | None = None

    @property
    def fits(self) -> bool:
        return self.device_memory.upper <= self.capacity_bytes
