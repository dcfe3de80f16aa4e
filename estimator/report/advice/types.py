"""One change to a template, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from estimator.messages import sentence

FEWEST = 5
"""Jobs of a template that advice is given from."""
MATTERS = 0.05
"""A change by less than this share is not worth an edit."""
CONTAINER = (" pod:", "   containers:", "     - name: paddle", "       resources:")
"""Where the resources of a job are in a template."""

_SURE_JOBS, _FAIR_JOBS = 30, 10
_SURE_RISK = 0.02

GPU_TYPE, GPU_COUNT = "gpu", "gpu_count"
"""What a change is of where it is no target of predictions."""


class Confidence(StrEnum):
    """How much a change rests on. HIGH: 30 jobs or more and a risk of at most 2 %."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Change:
    """One edit of a template.

    target: what is changed: a Target, GPU_TYPE or GPU_COUNT. before, after: bytes, seconds, names
    of GPU types, or GPUs. jobs: past jobs behind it; affected: jobs of the window that it would
    have changed. gib_hours: of memory that they would not have held (less than 0: held in
    addition). money: what that is worth, None where no price is known. risk: that a job needs more
    than ``after``. seconds_ratio: how much longer a job takes after it. gpu_hours: that they would
    not have held, or not have lost.
    """

    template: str
    target: str
    before: float | str
    after: float | str
    jobs: int
    affected: int
    gib_hours: float
    money: float | None
    risk: float | None
    confidence: Confidence
    reasons: tuple[str, ...]
    diff: str
    seconds_ratio: float = 1.0
    gpu_hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """gpu_hour: by GPU type. gib_hour: of host memory, None where it has no price of its own."""

    gpu_hour: Mapping[str, float]
    gib_hour: float | None


def confidence(jobs: int, risk: float) -> Confidence:
    """By how many jobs a change rests on and how often it would have been wrong."""
    if jobs >= _SURE_JOBS and risk <= _SURE_RISK:
        return Confidence.HIGH
    return Confidence.MEDIUM if jobs >= _FAIR_JOBS else Confidence.LOW


def enough(jobs: int) -> bool:
    """Whether a comparison of this many jobs is of high confidence."""
    return jobs >= _SURE_JOBS


LEVELS = {
    "same job on the same GPU type": sentence("same job on the same GPU type"),
    "template": sentence("template"),
    "model": sentence("model"),
}
"""Which past jobs a change rests on."""
