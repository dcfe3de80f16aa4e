"""One record per job: what was submitted, what was predicted, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from estimator.values import Bounded


class Target(StrEnum):
    """A quantity that history corrects."""

    DEVICE_MEMORY = "device_memory_bytes"
    STEP_TIME = "step_time_s"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of a job before it runs; the features of a residual fit."""

    model: str
    gpu: str
    precision: str
    per_device_batch_size: int
    gpu_count: int = 1
    template: str | None = None
    user: str | None = None


class Correction(Protocol):
    """History's say on a prior: the same quantity, with history's target and interval.

    Where history has nothing to add it returns the prior with a reason that says so.
    """

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]: ...
