"""Quantiles, shares and means with the interval that their number of observations allows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

LEVEL = 0.95
"""Of all intervals of the report, unless it says otherwise."""
_Z = 1.959964
"""The 97.5 % quantile of the normal distribution."""
_SEED = 20_260_101
_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number from n observations, and the interval that it lies in with LEVEL."""

    value: float
    lower: float
    upper: float
    n: int


def quantile(values: Any, share: float) -> Estimate:
    """A quantile with its distribution-free interval, from order statistics.

    The number of observations below the true quantile is binomial, so the interval lies between
    the order statistics of that binomial's normal quantiles. ``values`` must not be empty.
    """
    import numpy as np

    ordered = np.sort(np.asarray(values, "float64"))
    n = len(ordered)
    spread = _Z * math.sqrt(n * share * (1 - share))
    low = max(0, math.floor(n * share - spread) - 1)
    high = min(n - 1, math.ceil(n * share + spread))
    middle = float(np.quantile(ordered, share))
    return Estimate(middle, min(middle, float(ordered[low])), max(middle, float(ordered[high])), n)


def proportion(hits: int, n: int) -> Estimate:
    """A share with Wilson's interval; of none the whole range."""
    if n == 0:
        return Estimate(0.0, 0.0, 1.0, 0)
    share = hits / n
    base = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / base
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n * n)) / base
    return Estimate(
        share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)), n
    )


def ratio(values: Any, wholes: Any) -> Estimate:
    """The sum of values over the sum of wholes, bounded by drawing the pairs again.

    The bounds are infinite where there is only one pair. The wholes must not all be 0.
    """
    import numpy as np

    values, wholes = np.asarray(values, "float64"), np.asarray(wholes, "float64")
    found, count = float(values.sum() / wholes.sum()), len(values)
    if count < 2:
        return Estimate(found, -math.inf, math.inf, count)
    draws = np.random.default_rng(_SEED).integers(0, count, (_DRAWS, count))
    ratios = values[draws].sum(axis=1) / wholes[draws].sum(axis=1)
    low, high = np.quantile(ratios, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(found, min(found, float(low)), max(found, float(high)), count)


def blocks_mean(values: Any, blocks: Any) -> Estimate:
    """The mean of values with an interval from drawing whole blocks of them again.

    blocks: the number of the block (such as a week) of each value; what happens within a block is
    not independent, so blocks are drawn, not values. ``values`` must not be empty.
    """
    import numpy as np

    values, (_, place) = np.asarray(values, "float64"), np.unique(blocks, return_inverse=True)
    return replace(ratio(np.bincount(place, values), np.bincount(place)), n=len(values))
