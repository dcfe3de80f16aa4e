"""How far the next value may go above those seen: the upper tail of one group of jobs.

Excesses over the lower quartile are taken as exponential with an unknown scale. A gamma prior on
the rate makes the next excess Lomax (Pareto II) distributed:

    P(excess > x) = (b / (b + x)) ** a,   a = a0 + seen excesses,   b = b0 + their sum

Few values give a small ``a`` and so a heavy tail; a censored value (the job was killed at x) adds
to ``b`` but not to ``a``, as it ought to: it was at least that large. The lower quartile, and not
the mean, because groups of jobs are often skewed to the left: a few tiny jobs say nothing about
how large the large ones get.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from estimator.learning.sketch import log_of


@dataclass(frozen=True, slots=True)
class TailPrior:
    """What is believed of a group before any of its jobs is known.

    threshold_share: share of the values below the threshold; excesses are counted from there.
    shape, scale: the gamma prior, ``a0`` and ``b0``. most_shape: ``a`` does not grow beyond this,
    as no number of past jobs rules out a job unlike them.

    The defaults, and the price of an out-of-memory in ``decision``, were chosen together on public
    workflow traces, leaving out one workflow at a time (``tune``).
    """

    threshold_share: float = 0.25
    shape: float = 0.5
    scale: float = 0.05
    most_shape: float = 4.0


DEFAULT_PRIOR = TailPrior()

Weighted = Sequence[tuple[int, float]]
"""(bin, weight), lowest bin first; weights above zero."""


@dataclass(frozen=True, slots=True)
class UpperTail:
    """P(log value > x) for x at or above ``start``; all in natural logarithms.

    start: the threshold. above: probability to be above it. highest: the largest value seen,
    censored ones included. weight: how many values stand behind it, older ones counting less.
    """

    start: float
    above: float
    shape: float
    scale: float
    highest: float
    weight: float

    def survival(self, logs: Any) -> Any:
        """P(log value > x) for an array of x; 1 below the threshold, where nothing is claimed."""
        import numpy as np

        excess = np.maximum(logs - self.start, 0.0)
        tail = self.above * (self.scale / (self.scale + excess)) ** self.shape
        return np.where(logs < self.start, 1.0, tail)

    def quantile(self, probability: float) -> float:
        """The x that the next value stays below with this probability; at least ``start``."""
        miss = 1.0 - probability
        if miss >= self.above:
            return self.start
        return self.start + self.scale * (math.pow(self.above / miss, 1.0 / self.shape) - 1.0)


def fit_tail(
    finished: Weighted, killed: Weighted = (), prior: TailPrior = DEFAULT_PRIOR
) -> UpperTail | None:
    """The tail of values that ``finished`` and of lower bounds of jobs that were ``killed``.

    None where nothing finished and nothing was killed.
    """
    every = sorted([*finished, *killed]) if killed else finished
    if not every:
        return None
    total = sum(w for _, w in every)
    lowest = _threshold(every, total, prior)
    threshold = log_of(lowest)
    above = [(log_of(b) - threshold, w) for b, w in every if b > lowest]
    ended, exceeding = sum(w for b, w in finished if b > lowest), sum(w for _, w in above)
    # values of the threshold's own bin that stand above its place are excesses of size zero
    at_threshold = sum(w for b, w in finished if b == lowest)
    tied = min(at_threshold, max(0.0, _upper_count(total, prior) - exceeding))
    shape = prior.shape + ended + tied
    scale = prior.scale + sum(excess * w for excess, w in above)
    shrink = min(1.0, prior.most_shape / shape)
    return UpperTail(
        start=threshold,
        above=(exceeding + tied + 1.0) / (total + 1.0),
        shape=shape * shrink,
        scale=scale * shrink,
        highest=log_of(every[-1][0]),
        weight=total,
    )


def _threshold(every: Weighted, total: float, prior: TailPrior) -> int:
    """The bin at the place ``threshold_share`` of the way up, the first at least."""
    place = math.floor(prior.threshold_share * total)
    passed = 0.0
    for bin_, weight in every:
        passed += weight
        if passed > place:
            return bin_
    return every[-1][0]


def _upper_count(total: float, prior: TailPrior) -> float:
    """How many values stand above the threshold's place, whatever bin they fell into."""
    return max(0.0, total - math.floor(prior.threshold_share * total) - 1.0)
