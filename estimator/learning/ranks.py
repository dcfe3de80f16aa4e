"""Conformal bounds from counts: the share of past jobs below a value, and the tail beyond.

With n past jobs and the next one exchangeable with them, the ceil((n + 1) p)-th smallest bounds it
with probability at least p (split conformal prediction; Vovk, Gammerman and Shafer 2005). That is
P(next > x) = (jobs above x + 1) / (n + 1), computed here as a product over the values (Kaplan and
Meier 1958) so that jobs that were killed count as "at least this much". Beyond the largest value
the tail of ``tail.py`` goes on from there.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from estimator.learning.sketch import BINS_PER_E
from estimator.learning.tail import DEFAULT_PRIOR, TailPrior, UpperTail, Weighted, fit_tail


@dataclass(frozen=True, slots=True)
class Ranks:
    """P(next > x) for the logarithm x of a value.

    bins: those of finished jobs, lowest first; remaining: P(next > upper edge) of each.
    """

    bins: tuple[int, ...]
    remaining: tuple[float, ...]
    tail: UpperTail

    def survival(self, log: float) -> float:
        """P(next > log). The jobs of a bin are taken to be at its upper edge."""
        if log >= self.tail.highest or not self.bins:
            return self._beyond(log)
        place = bisect_right(self.bins, log * BINS_PER_E)
        return self.remaining[place - 1] if place else 1.0

    def smooth_survival(self, log: float) -> float:
        """The same with the jobs of a bin evenly spread over it: nearer, but no guarantee."""
        bins, remaining, at = self.bins, self.remaining, log * BINS_PER_E
        if log >= self.tail.highest or not bins:
            return self._beyond(log)
        place = bisect_left(bins, at)
        if place == len(bins):
            return remaining[-1]
        before = remaining[place - 1] if place else 1.0
        inside = 1.0 - (bins[place] - at)
        return before + (remaining[place] - before) * inside if inside > 0.0 else before

    def _beyond(self, log: float) -> float:
        """The tail, joined to the ranks where they end."""
        tail, last = self.tail, self.remaining[-1] if self.remaining else 1.0
        excess = max(0.0, log - tail.start)
        reached = max(0.0, tail.highest - tail.start)
        return last * math.pow((tail.scale + reached) / (tail.scale + excess), tail.shape)


def ranks_of(
    finished: Weighted, killed: Weighted = (), prior: TailPrior = DEFAULT_PRIOR
) -> Ranks | None:
    """The ranks of values and of lower bounds; None where there is neither."""
    tail = fit_tail(finished, killed, prior)
    if tail is None:
        return None
    risk = 1.0 + sum(weight for _, weight in finished) + sum(weight for _, weight in killed)
    share, waiting = 1.0, list(killed)
    remaining = []
    for bin_, weight in finished:
        # a job killed at a value below this one is no longer there to be above it
        while waiting and waiting[0][0] < bin_:
            risk -= waiting.pop(0)[1]
        share *= max(0.0, 1.0 - weight / risk)
        risk -= weight
        remaining.append(share)
    return Ranks(tuple(bin_ for bin_, _ in finished), tuple(remaining), tail)


def mirrored(values: Weighted) -> Weighted:
    """The same values with the other sign: bounds from above become bounds from below."""
    return [(1 - bin_, weight) for bin_, weight in reversed(values)]
