"""How Paddle's allocator takes memory of a GPU where it is told to do so otherwise than by need.

The default strategy, ``auto_growth``, takes what tensors need; the virtual GPU runs it. The other
one that Paddle has for training, ``naive_best_fit``, takes a large piece beforehand; the rules are
those of paddle/phi/core/platform/device/gpu/gpu_info.cc (GpuInitAllocSize, GpuReallocSize) and
paddle/phi/backends/gpu/gpu_info.cc (GpuAvailableMemToAlloc) of Paddle 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

LEFT_ALONE = 0.05
"""The share of the free memory that is never taken beforehand (fraction_reserve_gpu_memory)."""


@dataclass(frozen=True, slots=True)
class Preallocation:
    """What ``naive_best_fit`` takes at the first tensor, and each time that it is full. Bytes.

    fraction: of the free memory (``FLAGS_fraction_of_gpu_memory_to_use``), where the bytes are not
    given: first_bytes by ``FLAGS_initial_gpu_memory_in_mb``, further_bytes by
    ``FLAGS_reallocate_gpu_memory_in_mb``.
    """

    fraction: float
    first_bytes: int | None = None
    further_bytes: int | None = None

    def first(self, free: int) -> int:
        """The first piece on a device with ``free`` bytes; more than that where it cannot start."""
        return self._share(free) if self.first_bytes is None else self.first_bytes

    def room(self, free: int) -> int:
        """What tensors may fill for certain. 0 where not even the first piece is to be had.

        Without sizes in bytes a second piece is a part of the little that the first has left, in
        which a large tensor finds no place: it is not counted on.
        """
        first = self.first(free)
        if first > _available(free):
            return 0
        if self.further_bytes is not None:
            return free
        return first if self.first_bytes is None else first + self._share(free - first)

    def held(self, need: int, free: int) -> int:
        """What is held on a device with ``free`` bytes when tensors need ``need``.

        Where they find no room it is more than there is: everything taken a second time.
        """
        first = self.first(free)
        if need > self.room(free):
            return first + max(need, free)
        if need <= first:
            return first
        if self.further_bytes is None:
            return first + self._share(free - first)
        pieces = -(-(need - first) // self.further_bytes)
        return min(free, first + pieces * self.further_bytes)

    def _share(self, free: int) -> int:
        return int(self.fraction * _available(free))


def _available(free: int) -> int:
    return free - int(LEFT_ALONE * free)


@dataclass(frozen=True, slots=True)
class AllocatorRule:
    """By what rule the allocator takes memory; the default is by need, without a limit.

    limit_bytes: all that it may take (``FLAGS_gpu_memory_limit_mb``).
    """

    preallocation: Preallocation | None = None
    limit_bytes: int | None = None

    def free(self, capacity: int) -> int:
        """What it may take of a device that has ``capacity`` bytes for it."""
        return capacity if self.limit_bytes is None else min(capacity, self.limit_bytes)

    def room(self, capacity: int) -> int:
        """What tensors, and the gaps between them, may take of such a device."""
        free = self.free(capacity)
        return free if self.preallocation is None else self.preallocation.room(free)

    def held(self, need: int, capacity: int) -> int:
        """What it holds of such a device when tensors, and the gaps between them, need ``need``."""
        pool = self.preallocation
        return need if pool is None else pool.held(need, self.free(capacity))


BY_NEED = AllocatorRule()
