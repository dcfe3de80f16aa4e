"""Numbers with their intervals, in words."""

from __future__ import annotations

from collections.abc import Callable

from estimator.units import format_bytes
from estimator.values import Bounded

Prediction = Bounded[int] | Bounded[float]
Show = Callable[[float], str]

NONE = "-"
"""In place of a number that is missing."""


def format_size(size: float) -> str:
    """Bytes for people."""
    return format_bytes(int(size))


def interval(value: Prediction, show: Show) -> str:
    """``lower - upper``, or nothing where they are the same."""
    if value.lower == value.upper:
        return ""
    return f"{show(value.lower)} - {show(value.upper)}"


def with_interval(value: Prediction, show: Show) -> str:
    """``target (lower - upper)``."""
    between = interval(value, show)
    return f"{show(value.target)} ({between})" if between else show(value.target)
