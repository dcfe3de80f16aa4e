"""What is kept of a group of jobs: enough for every answer, whatever the number of jobs.

Everything is a whole number, so that merging is exact: the same jobs give the same node in
whatever order and in however many parts they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from estimator.learning.sketch import Sketch, bin_of
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior, UpperTail, Weighted, fit_tail

EPOCH_SECONDS = 30 * 86_400
"""Jobs are counted by the epoch they ended in."""
KEPT_EPOCHS = 12
"""Older ones are counted together; the node's size stays bounded."""
HALF_LIFE_EPOCHS = 3.0
"""A job counts half as much as one that ended this many epochs later."""


@dataclass(slots=True)
class Usage:
    """What jobs took: how many have a known run time, and the sums over those.

    milliseconds: of running. byte_milliseconds: requested memory times running, of ``sized`` jobs.
    """

    timed: int = 0
    milliseconds: int = 0
    sized: int = 0
    byte_milliseconds: int = 0

    def add(self, seconds: float, requested: float | None) -> None:
        """Count a job that ran this long and asked for this many bytes."""
        length = round(seconds * 1000)
        self.timed += 1
        self.milliseconds += length
        if requested is not None:
            self.sized += 1
            self.byte_milliseconds += length * round(requested)

    def merge(self, other: Usage) -> None:
        self.timed += other.timed
        self.milliseconds += other.milliseconds
        self.sized += other.sized
        self.byte_milliseconds += other.byte_milliseconds


@dataclass(slots=True)
class Node:
    """A group of jobs. Values are natural logarithms, in bins.

    finished: values of jobs that ended by themselves, by epoch. killed: lower bounds on the
    values of jobs that did not, by epoch. out_of_memory: how many of those for memory.
    last_seen: the latest end, in whole seconds since 1970.
    """

    finished: dict[int, Sketch] = field(default_factory=dict)
    killed: dict[int, Sketch] = field(default_factory=dict)
    out_of_memory: int = 0
    last_seen: int | None = None
    usage: Usage = field(default_factory=Usage)
    _tail: UpperTail | None = field(default=None, compare=False, repr=False)

    def add(self, logarithm: float, ended_at: float, *, killed: bool = False) -> None:
        """Count a job: what it took, or at least took, and when it ended (seconds since 1970)."""
        second = int(ended_at // 1)
        self.add_bin(bin_of(logarithm), second // EPOCH_SECONDS, killed=killed)
        self.seen(second)

    def add_bin(self, bin_: int, epoch: int, *, killed: bool, times: int = 1) -> None:
        group = self.killed if killed else self.finished
        group.setdefault(epoch, Sketch()).add(bin_, times)
        self._tail = None

    def seen(self, second: int) -> None:
        """Note an end; the oldest epochs are put together when a new one begins."""
        self.last_seen = second if self.last_seen is None else max(self.last_seen, second)
        self._fold()

    def merge(self, other: Node) -> None:
        """Take in everything that another node counted."""
        for killed, group in ((False, other.finished), (True, other.killed)):
            for epoch, sketch in group.items():
                for bin_, count in sketch.counts.items():
                    self.add_bin(bin_, epoch, killed=killed, times=count)
        self.out_of_memory += other.out_of_memory
        self.usage.merge(other.usage)
        if other.last_seen is not None:
            self.seen(other.last_seen)

    def count(self) -> int:
        """Jobs that ended by themselves."""
        return sum(sketch.total() for sketch in self.finished.values())

    def killed_count(self) -> int:
        """Jobs that did not."""
        return sum(sketch.total() for sketch in self.killed.values())

    def weighted(self, *, killed: bool = False) -> Weighted:
        """(bin, weight), lowest first; older jobs weigh less."""
        weights: dict[int, float] = {}
        for epoch, sketch in sorted((self.killed if killed else self.finished).items()):
            weight = 0.5 ** ((self._newest() - epoch) / HALF_LIFE_EPOCHS)
            for bin_, count in sketch.counts.items():
                weights[bin_] = weights.get(bin_, 0.0) + count * weight
        return sorted(weights.items())

    def tail(self, prior: TailPrior = DEFAULT_PRIOR) -> UpperTail | None:
        """How far the next job may go; None where nothing was counted.

        Kept until the node changes, so ask with one prior only.
        """
        if self._tail is None:
            self._tail = fit_tail(self.weighted(), self.weighted(killed=True), prior)
        return self._tail

    def _newest(self) -> int:
        return (self.last_seen or 0) // EPOCH_SECONDS

    def _fold(self) -> None:
        oldest = self._newest() - KEPT_EPOCHS
        for group in (self.finished, self.killed):
            for epoch in [epoch for epoch in group if epoch < oldest]:
                into = group.setdefault(oldest, Sketch())
                for bin_, count in group.pop(epoch).counts.items():
                    into.add(bin_, count)


def merged(nodes: Iterable[Node]) -> Node:
    """The node of everything that any of these counted."""
    whole = Node()
    for node in nodes:
        whole.merge(node)
    return whole


def cells(node: Node) -> Iterator[tuple[bool, int, int, int]]:
    """(killed, epoch, bin, count) of everything counted, in one order."""
    for killed, group in ((False, node.finished), (True, node.killed)):
        for epoch, sketch in sorted(group.items()):
            for bin_, count in sketch.items():
                yield killed, epoch, bin_, count
