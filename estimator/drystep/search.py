"""Finds the largest per-device batch size that runs, in few runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from estimator.messages import sentence
from estimator.values import Missing

RESOLUTION = 64
"""The gap between the largest batch that ran and the smallest that failed is below 1/64 of it
(and 1 below 128): repeats of one published measurement differ by as much."""


@dataclass(frozen=True, slots=True)
class Line:
    """Bytes or seconds against batch size, ``fixed + per_sample * batch``."""

    fixed: float
    per_sample: float

    @classmethod
    def through(cls, first: tuple[int, float], second: tuple[int, float]) -> Line:
        """The line through two (batch size, amount) points of different batch sizes."""
        per_sample = (second[1] - first[1]) / (second[0] - first[0])
        return cls(first[1] - per_sample * first[0], per_sample)

    def batch_for(self, capacity: float, limit: int) -> int:
        """The largest batch whose line stays within ``capacity``, between 0 and ``limit``."""
        if self.per_sample <= 0:
            return limit if self.fixed <= capacity else 0
        return int(max(0.0, min(limit, (capacity - self.fixed) / self.per_sample)))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a batch takes: ``reserved`` is enough for sure, less than ``allocated`` cannot be.

    In between the allocator decides: short of memory it returns idle chunks and goes on.
    """

    allocated: Line
    reserved: Line


@dataclass(frozen=True, slots=True)
class Found:
    """``largest`` ran (0: none did); ``failing`` is the smallest that was run and failed.

    ``position``: where ``largest`` stood between the two lines of :class:`Needs`, 0 to 1; a
    first guess for the next capacity.
    """

    largest: int
    failing: int | Missing
    position: float


def largest_batch(
    runs: Callable[[int], bool],
    needs: Needs,
    capacity: int,
    limit: int,
    position: float = 0.5,
) -> Found:
    """Search for the largest batch in [1, limit] for which ``runs`` is true at ``capacity``.

    ``runs`` is taken to be monotone and is called for each decision: nothing is inferred from
    the lines but where to look first.
    """
    sure = needs.reserved.batch_for(capacity, limit)
    hopeless = needs.allocated.batch_for(capacity, limit) + 1
    guess = round(sure + position * (hopeless - sure))
    bracket = _Bracket(runs, limit)
    bracket.probe(guess)
    while not bracket.closed:
        bracket.probe(bracket.next_guess())
    return Found(bracket.ran, bracket.failing, _position(bracket.ran, sure, hopeless))


def _position(found: int, sure: int, hopeless: int) -> float:
    if hopeless <= sure:
        return 0.5
    return min(1.0, max(0.0, (found - sure) / (hopeless - sure)))


class _Bracket:
    """The largest batch that ran and the smallest that failed so far."""

    def __init__(self, runs: Callable[[int], bool], limit: int) -> None:
        self._runs = runs
        self._limit = limit
        self._step = 0
        self.ran = 0
        self._failed = limit + 1

    @property
    def closed(self) -> bool:
        return self._failed - self.ran <= max(1, self.ran // RESOLUTION)

    @property
    def failing(self) -> int | Missing:
        if self._failed > self._limit:
            return Missing(sentence("batch sizes above {limit} were not tried", limit=self._limit))
        return self._failed

    def probe(self, batch_size: int) -> None:
        batch_size = min(max(batch_size, self.ran + 1), self._failed - 1)
        if self._runs(batch_size):
            self.ran = batch_size
        else:
            self._failed = batch_size

    def next_guess(self) -> int:
        """Step away from the guess, doubling, until both ends are known; then halve."""
        if self.ran > 0 and self._failed <= self._limit:
            return (self.ran + self._failed) // 2
        known = self.ran or self._failed
        self._step = max(2 * self._step, known // RESOLUTION, 1)
        return self.ran + self._step if self.ran else self._failed - self._step
