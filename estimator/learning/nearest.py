"""The past jobs that are most like one that is asked about: cases that people can look up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.types import JobFacts

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("identifier", "finished_at", "status", "template", "gpu", "gpu_count", "precision"),
    *("per_device_batch_size", "peak_device_bytes", "peak_memory_bytes", "step_time_s"),
    "duration_s",
)
"""What is read of a record."""

_OTHER_GPU = 2.0
_OTHER_PRECISION = 1.0
"""How far jobs are apart that differ in this, in doublings of the batch size or the GPU count;
chosen so that the GPU type, which decides on step time, comes first."""


@dataclass(frozen=True, slots=True)
class PastJob:
    """A job of the same model that ran. None: its record does not say.

    differs: in what it is not the job that is asked about, each a sentence; empty: in nothing.
    """

    identifier: str
    finished_at: datetime | None
    status: str | None
    gpu: str | None
    gpu_count: int | None
    per_device_batch_size: int | None
    precision: str | None
    peak_device_bytes: int | None
    peak_memory_bytes: int | None
    step_time_s: float | None
    duration_s: float | None
    differs: tuple[str, ...]


def nearest(jobs: pd.DataFrame, facts: JobFacts, most: int = 3) -> tuple[PastJob, ...]:
    """The ``most`` jobs that differ least; of those that differ as much, the first of the frame.

    jobs: rows with COLUMNS. A job whose record says nothing of its peaks and times is left out.
    """
    told = [job for job in map(_job, jobs.to_dict("records")) if _says_something(job)]
    ranked = sorted(told, key=lambda job: _distance(job, facts))[:most]
    return tuple(_compared(job, facts) for job in ranked)


def _job(row: Mapping[Any, Any]) -> PastJob:
    finished = row["finished_at"]
    return PastJob(
        identifier=row["identifier"],
        finished_at=None if finished != finished or finished is None else finished.to_pydatetime(),
        status=_text(row["status"]),
        gpu=_text(row["gpu"]),
        gpu_count=_whole(row["gpu_count"]),
        per_device_batch_size=_whole(row["per_device_batch_size"]),
        precision=_text(row["precision"]),
        peak_device_bytes=_whole(row["peak_device_bytes"]),
        peak_memory_bytes=_whole(row["peak_memory_bytes"]),
        step_time_s=_number(row["step_time_s"]),
        duration_s=_number(row["duration_s"]),
        differs=(),
    )


def _says_something(job: PastJob) -> bool:
    return any((job.peak_device_bytes, job.peak_memory_bytes, job.step_time_s, job.duration_s))


def _distance(job: PastJob, facts: JobFacts) -> float:
    return (
        _OTHER_GPU * (job.gpu != facts.gpu)
        + _OTHER_PRECISION * (job.precision != facts.precision)
        + _doublings(job.per_device_batch_size, facts.per_device_batch_size)
        + _doublings(job.gpu_count, facts.gpu_count)
    )


def _doublings(one: int | None, other: int | None) -> float:
    return abs(math.log2(one / other)) if one and other else 1.0


def _compared(job: PastJob, facts: JobFacts) -> PastJob:
    pairs = (
        (job.gpu, facts.gpu, sentence("on {gpu}", gpu=job.gpu or sentence("an unknown GPU"))),
        (job.precision, facts.precision, sentence("at {precision}", precision=job.precision)),
        (
            job.per_device_batch_size,
            facts.per_device_batch_size,
            sentence("batch {batch} per device", batch=job.per_device_batch_size),
        ),
        (job.gpu_count, facts.gpu_count, sentence("{count} GPUs", count=job.gpu_count)),
    )
    differs = tuple(said for its, asked, said in pairs if its is not None and its != asked)
    return replace(job, differs=differs)


def _text(value: Any) -> str | None:
    """Unknown text is None, or NaN where pandas made its own kind of column of it."""
    return value if isinstance(value, str) else None


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _whole(value: float | None) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
