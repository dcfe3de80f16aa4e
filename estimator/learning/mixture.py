"""One job's distribution, from groups of past jobs that are more and less like it.

The mixture of the groups' distributions, the finest first: a group of n jobs gets the share
n / (n + k) of what finer groups left, and the prediction's own interval gets the rest. A mixture of
distributions is one, so that bounds at several levels cannot cross.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Survival = Callable[[float], float]
"""P(value > x) of the logarithm x; falls from 1 to 0."""

_WIDEST = 16.0
"""Bounds are searched within this of 0: e^16 is 9 million times what was expected."""
_HALVINGS = 36


@dataclass(frozen=True, slots=True)
class Part:
    """One component and its share."""

    share: float
    survival: Survival


def survival_of(parts: Sequence[Part]) -> Survival:
    """P(value > x) of a mixture whose shares add up to one."""
    there = [(part.share, part.survival) for part in parts if part.share]

    def survival(log: float) -> float:
        whole = 0.0
        for share, of_part in there:
            whole += share * of_part(log)
        return whole

    return survival


def quantile(survival: Survival, probability: float) -> float:
    """The smallest x that the value stays below with this probability, to within 5e-10."""
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if survival(middle) > 1.0 - probability:
            low = middle
        else:
            high = middle
    return high


def shares(weights: Sequence[float], shrinkage: float) -> list[float]:
    """What each of the groups gets, finest first; what is missing from one is the last resort's."""
    given, left = [], 1.0
    for weight in weights:
        given.append(left * weight / (weight + shrinkage))
        left -= given[-1]
    return given


def interval_survival(below: float, above: float, miss: float) -> Survival:
    """A distribution with median 0 that leaves [-below, above] by ``miss`` in all, half each side.

    Exponential on each side; a side of width 0 has no spread.
    """
    rate = math.log(1.0 / miss)

    def survival(log: float) -> float:
        if log >= 0:
            return 0.5 * _decay(log, above, rate)
        return 1.0 - 0.5 * _decay(-log, below, rate)

    return survival


def _decay(distance: float, width: float, rate: float) -> float:
    if width <= 0:
        return 1.0 if distance == 0 else 0.0
    return math.exp(-rate * distance / width)
