"""A number of the document with its interval."""

from __future__ import annotations

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from estimator.values import Bounded, Missing, Source

Number = TypeVar("Number", int, float)
Known = TypeVar("Known")


class Part(BaseModel):
    """A part of the document: unchangeable, made from an object with the same fields."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class Figure(Part, Generic[Number]):
    """A number and the interval it is expected in. A missing one is null, with the reason."""

    target: Number | None
    lower: Number | None
    upper: Number | None
    source: Source | None
    reason: str


def figure(value: Bounded[Number] | Missing) -> Figure[Number]:
    """A number with its interval, or the reason why there is none."""
    if isinstance(value, Missing):
        return Figure(target=None, lower=None, upper=None, source=None, reason=value.reason)
    return Figure(
        target=value.target,
        lower=value.lower,
        upper=value.upper,
        source=value.source,
        reason=value.reason,
    )


def known(value: Known | Missing) -> Known | None:
    """The value, null where there is none; its reason is told elsewhere in the document."""
    return None if isinstance(value, Missing) else value
