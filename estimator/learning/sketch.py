"""Counts of values by the bin of their logarithm: mergeable, exact in its counts, bounded in size.

The idea of DDSketch (Masson, Rim and Lee, VLDB 2019): bins of equal width in the logarithm hold
every quantile to a known relative error, and two sketches merge by adding whole numbers, so that
one shard and sixteen give the same answer bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

BINS_PER_E = 128
"""Bins in one unit of the natural logarithm: a value is known to within 1/128 = 0.8 %."""

LAST_BIN = 40 * BINS_PER_E
"""Values beyond e^40 or below e^-40 are counted in the outermost bins."""


def bin_of(logarithm: float) -> int:
    """The bin of a logarithm. Rounded up, so that a bound made of bins is never too low."""
    return min(LAST_BIN, max(-LAST_BIN, math.ceil(logarithm * BINS_PER_E)))


def bins_of(logarithms: Any) -> Any:
    """``bin_of`` for an array of finite numbers."""
    import numpy as np

    bins = np.ceil(logarithms * BINS_PER_E)
    return np.clip(bins, -LAST_BIN, LAST_BIN).astype("int64")


def log_of(bin_: int) -> float:
    """The logarithm that a bin stands for, its upper edge."""
    return bin_ / BINS_PER_E


class Sketch:
    """How many values fell into each bin."""

    __slots__ = ("_total", "counts")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})
        self._total = sum(self.counts.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self.counts == other.counts

    __hash__ = None  # type: ignore[assignment]

    def add(self, bin_: int, times: int = 1) -> None:
        """Count a value ``times`` times."""
        self.counts[bin_] = self.counts.get(bin_, 0) + times
        self._total += times

    def total(self) -> int:
        """How many values were counted."""
        return self._total

    def items(self) -> list[tuple[int, int]]:
        """(bin, count), lowest bin first."""
        return sorted(self.counts.items())


def merged(sketches: Iterable[Sketch]) -> Sketch:
    """The sketch of everything that any of these counted."""
    whole = Sketch()
    for sketch in sketches:
        for bin_, count in sketch.counts.items():
            whole.add(bin_, count)
    return whole
