"""Arithmetic on positive intervals; the result has the weaker of the two sources."""

from __future__ import annotations

from estimator.values import Bounded, Source

_BEST_FIRST = list(Source)


def scaled(value: Bounded[float], factor: float, reason: str) -> Bounded[float]:
    """``value`` times an exact factor >= 0."""
    return Bounded(
        value.target * factor, value.lower * factor, value.upper * factor, value.source, reason
    )


def product(left: Bounded[float], right: Bounded[float], reason: str) -> Bounded[float]:
    """The widest interval of ``left * right``, both >= 0."""
    return Bounded(
        left.target * right.target,
        left.lower * right.lower,
        left.upper * right.upper,
        weaker(left.source, right.source),
        reason,
    )


def inverse(value: Bounded[float], numerator: float, reason: str) -> Bounded[float]:
    """``numerator / value`` for ``value`` > 0."""
    return Bounded(
        numerator / value.target,
        numerator / value.upper,
        numerator / value.lower,
        value.source,
        reason,
    )


def weaker(left: Source, right: Source) -> Source:
    """The source that deserves less trust."""
    return max(left, right, key=_BEST_FIRST.index)
