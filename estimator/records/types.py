"""One record per job: what was submitted, what was predicted, what happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from estimator.values import Bounded

_MOST_BYTES = 1 << 50
_MOST = 1e15
"""No job has a pebibyte of memory, nor a time or rate of this size; such a value is a mistake."""


class Target(StrEnum):
    """A quantity that history corrects."""

    DEVICE_MEMORY = "device_memory_bytes"
    HOST_MEMORY = "host_memory_bytes"
    STEP_TIME = "step_time_s"
    DURATION = "duration_s"


_MEASURED = {
    Target.DEVICE_MEMORY: "peak_device_bytes",
    Target.HOST_MEMORY: "peak_memory_bytes",
    Target.STEP_TIME: "step_time_s",
    Target.DURATION: "duration_s",
}


class Status(StrEnum):
    """How a job ended, or where it stands, in the words of no particular system.

    KILLED: from outside, by a signal that nobody explained; its peak may have been cut short, as
    that of OUT_OF_MEMORY was.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    OUT_OF_MEMORY = "out_of_memory"
    KILLED = "killed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    PREEMPTED = "preempted"
    NODE_FAILURE = "node_failure"


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of a job before it runs; the features of a residual fit. None: not known."""

    model: str | None
    gpu: str | None
    precision: str | None
    per_device_batch_size: int | None
    gpu_count: int | None = 1
    template: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Past jobs of one level behind a correction.

    level: such as ``template``. count: jobs that ended by themselves; killed: that did not. share:
    what the level counts for, 0 to 1; the shares of all levels and of the prior add up to 1.
    """

    level: str
    count: int
    killed: int
    share: float


class Correction(Protocol):
    """History's say on a prior: the same quantity, with history's target and interval.

    Where history has nothing to add it returns the prior with a reason that says so, and no
    evidence.
    """

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]: ...

    def evidence(self, target: Target, facts: JobFacts) -> tuple[Evidence, ...]: ...


@dataclass(frozen=True, slots=True)
class ResidualSample:
    """One past job whose prediction can be held against what happened.

    ``prior`` and ``actual`` are in the unit of the target: bytes, or seconds of one step.
    seen_by_prior: the prior was itself fitted on this job, so it flatters the prior and says
    nothing about intervals. ended_at: seconds since 1970, 0 where a publication does not say.
    status, exit_reason: how it ended, in the words of its record. limit: what it could get at most.
    """

    facts: JobFacts
    target: Target
    prior: Bounded[float]
    actual: float
    source: str
    seen_by_prior: bool = False
    ended_at: float = 0.0
    status: str | None = None
    exit_reason: str | None = None
    limit: float | None = None

    def __post_init__(self) -> None:
        _check("actual", self.actual, _MOST_BYTES, above_zero=True)
        _check("prior", self.prior.lower, _MOST_BYTES)
        _check("prior", self.prior.target, _MOST_BYTES, above_zero=True)
        _check("prior", self.prior.upper, _MOST_BYTES)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the job asked for. None: not stated. cpu in cores.

    memory_bytes: of the host, on one node. gpu_memory_bytes: what a program can get of each GPU
    asked for. duration_s: the time limit. model_fingerprint: the same for two jobs that train the
    same model. job_id: the job's name in the system it ran in. submitted_at: in UTC.
    job_request: what this tool's manifest was made of, as JSON. gpu_share: of each GPU asked for,
    0 to 1, where jobs share GPUs.
    """

    facts: JobFacts
    team: str | None = None
    memory_bytes: int | None = None
    cpu: float | None = None
    image: str | None = None
    model_fingerprint: str | None = None
    gpu_memory_bytes: int | None = None
    job_id: str | None = None
    queue: str | None = None
    node_count: int | None = None
    strategy: str | None = None
    duration_s: float | None = None
    submitted_at: datetime | None = None
    job_request: str | None = None
    gpu_share: float | None = None

    def __post_init__(self) -> None:
        _check("memory_bytes", self.memory_bytes, _MOST_BYTES)
        _check("gpu_share", self.gpu_share, 1.0)
        _check("cpu", self.cpu, _MOST)
        _check("gpu_memory_bytes", self.gpu_memory_bytes, _MOST_BYTES)
        _check("duration_s", self.duration_s, _MOST)
        _check_utc(self.submitted_at)


@dataclass(frozen=True, slots=True)
class Predicted:
    """What this tool said before the job ran, and by which version. None: not predicted.

    ``prior_*``: the same before history corrected it. A correction is learned from these alone:
    one learned from corrected values would take itself for the truth.
    """

    tool_version: str
    device_memory_bytes: Bounded[int] | None = None
    step_time_s: Bounded[float] | None = None
    prior_device_memory_bytes: Bounded[int] | None = None
    prior_step_time_s: Bounded[float] | None = None
    host_memory_bytes: Bounded[int] | None = None
    duration_s: Bounded[float] | None = None
    prior_host_memory_bytes: Bounded[int] | None = None
    prior_duration_s: Bounded[float] | None = None

    def __post_init__(self) -> None:
        for target in Target:
            self._check_interval(target)
            self._check_interval(f"prior_{target}")

    def _check_interval(self, name: str) -> None:
        interval = getattr(self, name)
        if interval is not None:
            _check(name, interval.lower, _MOST_BYTES)
            _check(name, interval.upper, _MOST_BYTES)

    def prior_of(self, target: Target) -> Bounded[float] | None:
        """The uncorrected prediction of one target as floats."""
        prior: Bounded[int] | Bounded[float] | None = getattr(self, f"prior_{target}")
        if prior is None:
            return None
        sides = (float(prior.target), float(prior.lower), float(prior.upper))
        return Bounded(*sides, prior.source, prior.reason)


@dataclass(frozen=True, slots=True)
class Happened:
    """What the job did. None: not known.

    peak_device_bytes: the whole process as ``nvidia-smi`` shows it; peak_reserved_bytes and
    peak_allocated_bytes: of Paddle's allocator. throughput: samples/s of all GPUs.
    peak_memory_bytes: resident memory of the job on one node. duration_s: wall time of the whole
    job. used_cpu_s: of all cores. gpu_utilization: 0 to 1. status: a value of Status.
    started_at, finished_at: in UTC.
    """

    peak_device_bytes: int | None = None
    peak_reserved_bytes: int | None = None
    peak_allocated_bytes: int | None = None
    step_time_s: float | None = None
    throughput_samples_per_s: float | None = None
    duration_s: float | None = None
    status: str | None = None
    exit_reason: str | None = None
    peak_memory_bytes: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    used_cpu_s: float | None = None
    gpu_utilization: float | None = None
    exit_code: int | None = None

    def __post_init__(self) -> None:
        for what in ("device", "reserved", "allocated", "memory"):
            _check(f"peak_{what}_bytes", getattr(self, f"peak_{what}_bytes"), _MOST_BYTES)
        _check("step_time_s", self.step_time_s, _MOST, above_zero=True)
        for name in ("throughput_samples_per_s", "duration_s", "used_cpu_s", "gpu_utilization"):
            _check(name, getattr(self, name), _MOST)
        _check_utc(self.started_at)
        _check_utc(self.finished_at)
        if self.started_at and self.finished_at and self.finished_at < self.started_at:
            raise ValueError(f"a job cannot end ({self.finished_at}) before it starts")

    def of(self, target: Target) -> float | None:
        """What was measured of one target.

        The allocator's own peaks are not device memory: they leave out the CUDA context.
        """
        value: float | None = getattr(self, _MEASURED[target])
        return None if value is None else float(value)


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job. ``identifier`` sorts by time of submission; ``created_at`` is in UTC.

    origin: what made the record, such as ``estimate``, ``watch``, ``csv`` or ``slurm``. problems:
    values that were refused when it was imported, each with the reason.
    """

    identifier: str
    created_at: datetime
    submitted: Submitted
    predicted: Predicted | None = None
    happened: Happened | None = None
    origin: str = "estimate"
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_utc(self.created_at)


def _check_utc(moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() != timedelta(0):
        raise ValueError(f"the time of a record must be in UTC, got {moment}")


def _check(name: str, value: float | None, most: float, *, above_zero: bool = False) -> None:
    """Raise ValueError for NaN, infinity, a negative or an absurd amount."""
    if value is None:
        return
    if not (math.isfinite(value) and 0 <= value <= most) or (above_zero and value == 0):
        raise ValueError(f"{name} of a job cannot be {value}")
