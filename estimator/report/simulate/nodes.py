"""Nodes of one GPU type: which GPUs are free, and where a job fits."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

Placed = list[tuple[int, int]]
"""Where a job is: (node, GPUs on it). A share is (-1 - number of the shared GPU, thousandths)."""

WHOLE = 1000
"""A GPU in thousandths, in which shares are counted."""


@dataclass(frozen=True, slots=True)
class NodeSize:
    """One node: GPUs, and bytes of memory (None: not known, so no limit)."""

    gpus: int
    memory: float | None = None


class Nodes:
    """Free GPUs by node; the fullest node that has room is taken first.

    A job larger than a node gets whole nodes and the rest on one more. A share goes to the fullest
    GPU that is already shared, else a GPU of its own is opened for sharing.
    """

    def __init__(self, sizes: Sequence[NodeSize]) -> None:
        self._size = [one.gpus for one in sizes]
        self._free = list(self._size)
        self._memory = [one.memory for one in sizes]
        self.largest = max(self._size, default=0)
        self.total = sum(self._size)
        self.free = self.total
        # nodes by free GPUs; dictionaries because these keep an order and forget at once
        self._with: list[dict[int, None]] = [{} for _ in range(self.largest + 1)]
        self._whole = [0] * (self.largest + 1)  # nodes of which nothing is taken, by size
        for node, gpus in enumerate(self._free):
            self._with[gpus][node] = None
            self._whole[gpus] += 1
        self._shared: list[tuple[int, int]] = []  # (free thousandths, number), ascending
        self._home: dict[int, Placed] = {}  # the GPU behind each shared one
        self._next = 0

    def place(self, milli: int, memory: float) -> Placed | None:
        """Take room for a job of so many thousandths of GPUs, memory on each node; None: none."""
        if milli < WHOLE:
            return self._place_share(milli)
        gpus = -(-milli // WHOLE)
        if gpus > self.free:
            return None
        if gpus <= self.largest:
            node = self._find(gpus, memory)
            return None if node is None else self._take([(node, gpus)], memory)
        return self._place_gang(gpus, memory)

    def release(self, placed: Placed, memory: float) -> None:
        """Give back what ``place`` took."""
        for node, gpus in placed:
            if node < 0:
                self._release_share(-1 - node, gpus)
            else:
                self._change(node, gpus, memory)

    def ever_fits(self, milli: int) -> bool:
        """Whether a job of this size fits into the nodes when all are free."""
        return -(-milli // WHOLE) <= self.total

    def largest_on_one_node(self) -> int:
        """The largest job that fits on one node now."""
        return next((gpus for gpus in range(self.largest, 0, -1) if self._with[gpus]), 0)

    def largest_gang(self) -> int:
        """The largest job that fits now: all nodes that are free, and the rest on one more."""
        whole = rest = 0
        for size in range(1, self.largest + 1):
            whole += self._whole[size] * size
            if len(self._with[size]) > self._whole[size]:
                rest = size
        return whole + rest

    def _find(self, gpus: int, memory: float) -> int | None:
        for free in range(gpus, self.largest + 1):
            for node in self._with[free]:
                room = self._memory[node]
                if room is None or room >= memory:
                    return node
        return None

    def _place_gang(self, gpus: int, memory: float) -> Placed | None:
        """Nodes that are all free, the largest first, and the rest on one more."""
        chosen, rest = self._whole_nodes(gpus, memory)
        placed = self._take(chosen, memory)
        if not rest:
            return placed
        last = self._find(rest, memory)
        if last is None:
            self.release(placed, memory)
            return None
        return [*placed, *self._take([(last, rest)], memory)]

    def _whole_nodes(self, gpus: int, memory: float) -> tuple[Placed, int]:
        chosen: Placed = []
        for size in range(self.largest, 0, -1):
            for node in self._with[size]:
                if gpus < size:
                    break
                room = self._memory[node]
                if self._size[node] == size and (room is None or room >= memory):
                    chosen.append((node, size))
                    gpus -= size
        return chosen, gpus

    def _take(self, chosen: Placed, memory: float) -> Placed:
        for node, gpus in chosen:
            self._change(node, -gpus, -memory)
        return chosen

    def _change(self, node: int, gpus: int, memory: float) -> None:
        before, size = self._free[node], self._size[node]
        after = self._free[node] = before + gpus
        del self._with[before][node]
        self._with[after][node] = None
        self._whole[size] += (after == size) - (before == size)
        self.free += gpus
        room = self._memory[node]
        if room is not None:
            self._memory[node] = room + memory

    def _place_share(self, milli: int) -> Placed | None:
        at = bisect_left(self._shared, (milli, -1))
        if at < len(self._shared):
            free, number = self._shared.pop(at)
        else:
            node = self._find(1, 0.0)
            if node is None:
                return None
            free, number = WHOLE, self._next
            self._next += 1
            self._home[number] = self._take([(node, 1)], 0.0)
        insort(self._shared, (free - milli, number))
        return [(-1 - number, milli)]

    def _release_share(self, number: int, milli: int) -> None:
        at = next(i for i, (_, other) in enumerate(self._shared) if other == number)
        free = self._shared.pop(at)[0] + milli
        if free == WHOLE:
            self.release(self._home.pop(number), 0.0)
        else:
            insort(self._shared, (free, number))
