"""What a job takes on the device, as ``nvidia-smi`` would show it."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.values import Bounded


@dataclass(frozen=True, slots=True)
class DeviceOverhead:
    """Bytes on the device outside Paddle's allocator: CUDA context and library handles,
    and communication buffers (0 bytes on one GPU).
    """

    context: Bounded[int]
    communication: Bounded[int]

    @property
    def upper(self) -> int:
        return self.context.upper + self.communication.upper


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Device memory of one GPU = reserved + overhead, against what a program can get of the type.

    capacity_bytes: the total that nvidia-smi shows, without the driver's own share.
    """

    gpu: str
    per_device_batch_size: int
    reserved_bytes: int
    overhead: DeviceOverhead
    device_memory: Bounded[int]
    capacity_bytes: int

    @property
    def fits(self) -> bool:
        return self.device_memory.upper <= self.capacity_bytes
