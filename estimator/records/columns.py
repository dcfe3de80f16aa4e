"""The columns of a job record: the one list that stores, importers and learning share.

In a store each column is a column of the table ``jobs``. In a frame (what ``read_mapped`` and
``store.batches`` give) numbers are float64 with NaN for unknown (exact up to 2**53, so bytes are
too), moments are ``datetime64[us, UTC]`` with NaT, text is ``object`` with None.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from estimator.records.types import Target


class Kind(StrEnum):
    """What a column holds, in which unit."""

    TEXT = "text"
    BYTES = "bytes"
    COUNT = "count"
    SECONDS = "seconds"
    NUMBER = "number"
    MOMENT = "moment"


class Part(StrEnum):
    """Which part of a record a column belongs to."""

    RECORD = "record"
    SUBMITTED = "submitted"
    PREDICTED = "predicted"
    HAPPENED = "happened"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name ends in its unit where it has one; ``meaning`` is for people."""

    name: str
    kind: Kind
    part: Part
    meaning: str


_RECORD = (
    ("identifier", Kind.TEXT, "unique; sorts by time of submission"),
    ("created_at", Kind.MOMENT, "when the job was submitted or, if unknown, first heard of"),
    ("updated_at", Kind.MOMENT, "when the store last changed the record"),
    ("origin", Kind.TEXT, "what made the record: estimate, watch, csv, slurm, philly ..."),
    ("problems", Kind.TEXT, "values that were refused, with the reason; one a line"),
)
_SUBMITTED = (
    ("job_id", Kind.TEXT, "the job's name in the system it ran in"),
    ("template", Kind.TEXT, "template, recurring job name or process"),
    ("user", Kind.TEXT, "who submitted it"),
    ("team", Kind.TEXT, "group, account or virtual cluster"),
    ("queue", Kind.TEXT, "queue or partition"),
    ("model", Kind.TEXT, "model that was trained"),
    ("model_fingerprint", Kind.TEXT, "the same for two jobs that train the same model"),
    ("gpu", Kind.TEXT, "GPU type, a name of the catalogue where it is known there"),
    ("gpu_count", Kind.COUNT, "GPUs of the whole job"),
    ("node_count", Kind.COUNT, "machines of the whole job"),
    ("precision", Kind.TEXT, "fp32, amp-O1-float16 ..."),
    ("strategy", Kind.TEXT, "how several GPUs share the work"),
    ("per_device_batch_size", Kind.COUNT, "samples in one step of one GPU"),
    ("requested_memory_bytes", Kind.BYTES, "host memory asked for, on one node"),
    ("requested_cpu", Kind.NUMBER, "CPU cores asked for, on one node"),
    ("requested_gpu_memory_bytes", Kind.BYTES, "memory of each GPU asked for"),
    ("requested_duration_s", Kind.SECONDS, "time limit asked for"),
    ("image", Kind.TEXT, "container image"),
    ("submitted_at", Kind.MOMENT, "when it was submitted"),
    ("job_request", Kind.TEXT, "what the manifest was made of, as JSON, to make it again"),
    ("gpu_share", Kind.NUMBER, "share of each GPU asked for, 0 to 1; empty for whole GPUs"),
)
_HAPPENED = (
    ("peak_memory_bytes", Kind.BYTES, "peak resident host memory on one node"),
    ("peak_device_bytes", Kind.BYTES, "peak memory of the fullest GPU, the whole process"),
    ("peak_reserved_bytes", Kind.BYTES, "peak that Paddle's allocator held on one GPU"),
    ("peak_allocated_bytes", Kind.BYTES, "peak of live tensors on one GPU"),
    ("step_time_s", Kind.SECONDS, "median time of a training step"),
    ("throughput_samples_per_s", Kind.NUMBER, "samples a second of all GPUs"),
    ("duration_s", Kind.SECONDS, "wall time from start to finish"),
    ("used_cpu_s", Kind.SECONDS, "CPU time of all cores"),
    ("gpu_utilization", Kind.NUMBER, "mean share of time the GPUs were busy, 0 to 1"),
    ("status", Kind.TEXT, "a value of Status"),
    ("exit_code", Kind.COUNT, "exit code of the command"),
    ("exit_reason", Kind.TEXT, "why it ended, in the words of its system"),
    ("started_at", Kind.MOMENT, "when it began to run"),
    ("finished_at", Kind.MOMENT, "when it ended"),
)
_TARGET_KINDS = {
    Target.DEVICE_MEMORY: Kind.BYTES,
    Target.HOST_MEMORY: Kind.BYTES,
    Target.STEP_TIME: Kind.SECONDS,
    Target.DURATION: Kind.SECONDS,
}
_STAGES = {"predicted": "predicted", "prior": "predicted before past jobs corrected it"}


def _prediction_columns() -> Iterator[Column]:
    yield Column("tool_version", Kind.TEXT, Part.PREDICTED, "version that made the prediction")
    for stage, when in _STAGES.items():
        for target, kind in _TARGET_KINDS.items():
            for part in ("target", "lower", "upper"):
                name = prediction_column(stage, target, part)
                yield Column(name, kind, Part.PREDICTED, f"{target} {when}: {part}")
            for part in ("source", "reason"):
                name = prediction_column(stage, target, part)
                yield Column(name, Kind.TEXT, Part.PREDICTED, f"{target} {when}: {part}")


def prediction_column(stage: str, target: Target, part: str) -> str:
    """The column of one value of a prediction, such as ``prior_step_time_s_upper``.

    stage: ``predicted``, or ``prior`` for before history corrected it. part: ``target``,
    ``lower``, ``upper``, ``source`` or ``reason``.
    """
    return f"{stage}_{target}_{part}"


COLUMNS: tuple[Column, ...] = (
    *(Column(name, kind, Part.RECORD, meaning) for name, kind, meaning in _RECORD),
    *(Column(name, kind, Part.SUBMITTED, meaning) for name, kind, meaning in _SUBMITTED),
    *_prediction_columns(),
    *(Column(name, kind, Part.HAPPENED, meaning) for name, kind, meaning in _HAPPENED),
)
"""Every column, in the order of the table."""

BY_NAME: Mapping[str, Column] = MappingProxyType({column.name: column for column in COLUMNS})
TEXT_COLUMNS = tuple(column.name for column in COLUMNS if column.kind is Kind.TEXT)
"""By which past jobs may be put into groups."""

FACTS: Mapping[str, Column] = MappingProxyType(
    {column.name: column for column in COLUMNS if column.part in (Part.SUBMITTED, Part.HAPPENED)}
)
"""What other systems can tell: the columns that an importer may fill and ``--map`` may name."""

ACTUAL: Mapping[Target, str] = MappingProxyType(
    {
        Target.DEVICE_MEMORY: "peak_device_bytes",
        Target.HOST_MEMORY: "peak_memory_bytes",
        Target.STEP_TIME: "step_time_s",
        Target.DURATION: "duration_s",
    }
)
"""The column that holds what happened, by what history corrects."""

OUTCOME = ("status", *ACTUAL.values())
"""Columns of which a record has one where it says what happened to its job."""

_UNIT_ENDINGS = ("_bytes", "_s", "_at")


def fact_column(field: str) -> Column | None:
    """The fact that a person calls ``field``; its unit may be left out: ``duration``.

    ``estimate_id`` names the record of an estimate that the job goes into.
    """
    if field in ("estimate_id", "identifier"):
        return BY_NAME["identifier"]
    names = (field, *(f"{field}{ending}" for ending in _UNIT_ENDINGS))
    return next((FACTS[name] for name in names if name in FACTS), None)
