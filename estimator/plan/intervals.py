"""Arithmetic on positive intervals that may be missing.

The result has the weaker of the two sources, or the reason of the first that is missing.
"""

from __future__ import annotations

from estimator.values import Bounded, Missing, Source

Figure = Bounded[float] | Missing

_TRUST = {source: place for place, source in enumerate(Source)}


def scaled(value: Figure, factor: float, reason: str) -> Figure:
    """``value`` times an exact factor >= 0."""
    if isinstance(value, Missing):
        return value
    return Bounded(
        value.target * factor, value.lower * factor, value.upper * factor, value.source, reason
    )


def product(left: Figure, right: Figure, reason: str) -> Figure:
    """The widest interval of ``left * right``, both >= 0."""
    if isinstance(left, Missing):
        return left
    if isinstance(right, Missing):
        return right
    return Bounded(
        left.target * right.target,
        left.lower * right.lower,
        left.upper * right.upper,
        weaker(left.source, right.source),
        reason,
    )


def lesser(value: Figure, limit: Bounded[float]) -> Figure:
    """Each side of ``value``, or that of ``limit`` where it is less.

    The reason and the weaker source are those of the limit too where it bounds the target.
    """
    if isinstance(value, Missing):
        return value
    is_limited = limit.target < value.target
    return Bounded(
        min(value.target, limit.target),
        min(value.lower, limit.lower),
        min(value.upper, limit.upper),
        weaker(value.source, limit.source) if is_limited else value.source,
        limit.reason if is_limited else value.reason,
    )


def inverse(value: Figure, numerator: float, reason: str) -> Figure:
    """``numerator / value`` for ``value`` > 0."""
    if isinstance(value, Missing):
        return value
    return Bounded(
        numerator / value.target,
        numerator / value.upper,
        numerator / value.lower,
        value.source,
        reason,
    )


def weaker(left: Source, right: Source) -> Source:
    """The source that deserves less trust."""
    return max(left, right, key=_TRUST.__getitem__)
