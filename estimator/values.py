"""Numbers that know where they come from.

Every figure the tool shows is one of three things: a :class:`Bounded` number
(target with lower and upper), a plain number beside a :class:`Source`, or
:class:`Missing`, which says why there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, TypeVar

Number = TypeVar("Number", int, float)


class Source(StrEnum):
    """Where a number comes from, best first."""

    MEASURED = "measured"
    VIRTUAL = "virtual"
    REGRESSED = "regressed"
    PUBLISHED = "published"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is not there, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Bounded(Generic[Number]):
    """A prediction: the target, and the interval the truth is expected in.

    ``lower <= target <= upper`` always holds; ``reason`` is one plain sentence.
    Bytes are ``Bounded[int]``; seconds, rates and ratios are ``Bounded[float]``.
    """

    target: Number
    lower: Number
    upper: Number
    source: Source
    reason: str

    def __post_init__(self) -> None:
        if not self.lower <= self.target <= self.upper:
            raise ValueError(
                f"an interval must hold lower <= target <= upper, "
                f"got {self.lower} <= {self.target} <= {self.upper}"
            )

    @classmethod
    def exact(cls, value: Number, source: Source, reason: str) -> Bounded[Number]:
        """A value without an interval, such as a sum the allocator reports."""
        return cls(value, value, value, source, reason)

    def because(self, reason: str) -> Bounded[Number]:
        """The same interval with another reason."""
        return replace(self, reason=reason)
