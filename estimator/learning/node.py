"""What is kept of a group of jobs: enough for every answer, whatever the number of jobs.

Everything is a whole number, so that merging is exact: the same jobs give the same node in
whatever order and in however many parts they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from estimator.learning.sketch import Sketch, bin_of, log_of
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior, UpperTail, Weighted, fit_tail
from estimator.units import MIB

EPOCH_SECONDS = 30 * 86_400
"""Jobs are counted by the epoch they ended in."""
KEPT_EPOCHS = 12
"""Older ones are counted together; the node's size stays bounded."""
HALF_LIFE_EPOCHS = 3.0
"""A job counts half as much as one that ended this many epochs later."""


@dataclass(slots=True)
class Usage:
    """What jobs took: how many have a known run time, and the sums over those.

    milliseconds: of running. mib_seconds: requested memory times running, of ``sized`` jobs.
    """

    timed: int = 0
    milliseconds: int = 0
    sized: int = 0
    mib_seconds: int = 0

    def add(self, seconds: float, requested: float | None) -> None:
        """Count a job that ran this long and asked for this many bytes."""
        self.timed += 1
        self.milliseconds += round(seconds * 1000)
        if requested is not None:
            self.sized += 1
            self.mib_seconds += round(seconds * requested / MIB)

    def add_all(self, timed: int, milliseconds: int, sized: int, mib_seconds: int) -> None:
        """Count many jobs by their sums."""
        self.timed += timed
        self.milliseconds += milliseconds
        self.sized += sized
        self.mib_seconds += mib_seconds

    def merge(self, other: Usage) -> None:
        self.add_all(other.timed, other.milliseconds, other.sized, other.mib_seconds)


class Counted(StrEnum):
    """What the value of a job says.

    FINISHED: what such a job takes. KILLED: a lower bound of it. SEEN: what it takes, but the
    prediction it is held against was itself fitted on this very job, so that it says nothing
    about how far predictions are off.
    """

    FINISHED = "finished"
    KILLED = "killed"
    SEEN = "seen"


@dataclass(slots=True)
class Node:
    """A group of jobs. Values are natural logarithms, in bins, by the epoch that a job ended in.

    out_of_memory: how many jobs were killed for memory. last_seen: the latest end, in whole
    seconds since 1970. changes: grows with every change.
    """

    counted: dict[Counted, dict[int, Sketch]] = field(
        default_factory=lambda: {Counted.FINISHED: {}, Counted.KILLED: {}, Counted.SEEN: {}}
    )
    out_of_memory: int = 0
    last_seen: int | None = None
    usage: Usage = field(default_factory=Usage)
    changes: int = field(default=0, compare=False)
    _tail: UpperTail | None = field(default=None, compare=False, repr=False)

    def add(self, logarithm: float, ended_at: float, how: Counted = Counted.FINISHED) -> None:
        """Count a job: its value, and when it ended (seconds since 1970)."""
        self.add_at(bin_of(logarithm), int(ended_at // 1), how)

    def add_at(self, bin_: int, second: int, how: Counted) -> None:
        """Count a job whose bin is known, and when it ended in whole seconds since 1970."""
        epoch, newest = second // EPOCH_SECONDS, self._newest()
        self.add_bin(bin_, epoch, how)
        if self.last_seen is None or second > self.last_seen:
            self.last_seen = second
        if epoch > newest or epoch < newest - KEPT_EPOCHS:
            self._fold()

    def add_bin(self, bin_: int, epoch: int, how: Counted, times: int = 1) -> None:
        sketches = self.counted[how]
        sketch = sketches.get(epoch)
        if sketch is None:
            sketch = sketches[epoch] = Sketch()
        sketch.add(bin_, times)
        self.changes += 1
        self._tail = None

    def seen(self, second: int) -> None:
        """Note an end; the oldest epochs are put together when a new one begins."""
        self.last_seen = second if self.last_seen is None else max(self.last_seen, second)
        self._fold()

    def merge(self, other: Node) -> None:
        """Take in everything that another node counted."""
        for how, epoch, bin_, count in cells(other):
            self.add_bin(bin_, epoch, how, count)
        self.out_of_memory += other.out_of_memory
        self.usage.merge(other.usage)
        if other.last_seen is not None:
            self.seen(other.last_seen)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(
            sketch.counts for group in self.counted.values() for sketch in group.values()
        )

    def count(self, how: Counted = Counted.FINISHED) -> int:
        """Jobs that were counted so."""
        return sum(sketch.total() for sketch in self.counted[how].values())

    def weighted(self, *hows: Counted) -> Weighted:
        """(bin, weight) of the jobs counted so, lowest first; older jobs weigh less."""
        weights: dict[int, float] = {}
        newest = self._newest()
        for how in hows:
            for epoch, sketch in sorted(self.counted[how].items()):
                weight = 0.5 ** ((newest - epoch) / HALF_LIFE_EPOCHS)
                if not weights:
                    weights = {bin_: count * weight for bin_, count in sketch.counts.items()}
                    continue
                for bin_, count in sketch.counts.items():
                    weights[bin_] = weights.get(bin_, 0.0) + count * weight
        return sorted(weights.items())

    def tail(self, prior: TailPrior = DEFAULT_PRIOR) -> UpperTail | None:
        """How far the next job may go; None where nothing was counted.

        Kept until the node changes, so ask with one prior only.
        """
        if self._tail is None:
            finished, killed = self.weighted(Counted.FINISHED), self.weighted(Counted.KILLED)
            self._tail = fit_tail(finished, killed, prior)
        return self._tail

    def refuted(self) -> float | None:
        """The largest lower bound of a killed job; None where none was killed."""
        bins = [bin_ for sketch in self.counted[Counted.KILLED].values() for bin_ in sketch.counts]
        return log_of(max(bins)) if bins else None

    def _newest(self) -> int:
        return (self.last_seen or 0) // EPOCH_SECONDS

    def _fold(self) -> None:
        oldest = self._newest() - KEPT_EPOCHS
        for group in self.counted.values():
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


def together(nodes: Iterable[Node], most: float, *hows: Counted) -> Weighted:
    """Jobs of several kinds, each kind counting for at most ``most`` jobs; lowest bin first."""
    weights: dict[int, float] = {}
    for node in nodes:
        if not any(map(node.counted.__getitem__, hows)):
            continue
        values = node.weighted(*hows)
        total = total_of(values)
        scale = min(1.0, most / total) if total else 1.0
        if not weights:
            weights = {bin_: weight * scale for bin_, weight in values}
            continue
        for bin_, weight in values:
            weights[bin_] = weights.get(bin_, 0.0) + weight * scale
    return sorted(weights.items())


def total_of(values: Weighted) -> float:
    """The sum of the weights."""
    return sum(weight for _, weight in values)


def cells(node: Node) -> Iterator[tuple[Counted, int, int, int]]:
    """(how, epoch, bin, count) of everything counted, in one order."""
    for how, group in node.counted.items():
        for epoch, sketch in sorted(group.items()):
            for bin_, count in sketch.items():
                yield how, epoch, bin_, count
