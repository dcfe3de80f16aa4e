"""A job record as one row of the database, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from estimator.records.types import Happened, JobFacts, JobRecord, Predicted, Submitted
from estimator.values import Bounded, Source

Value = str | int | float | None

_FACTS = {
    "model": "TEXT NOT NULL",
    "gpu": "TEXT NOT NULL",
    "precision": "TEXT NOT NULL",
    "per_device_batch_size": "INTEGER NOT NULL",
    "gpu_count": "INTEGER NOT NULL",
    "template": "TEXT",
    "user": "TEXT",
}
_ASKED = {
    "team": "TEXT",
    "memory_bytes": "INTEGER",
    "cpu": "REAL",
    "image": "TEXT",
    "model_fingerprint": "TEXT",
    "gpu_memory_bytes": "INTEGER",
}
_INTERVAL = {"target": "", "lower": "", "upper": "", "source": "TEXT", "reason": "TEXT"}
_PREDICTED = {
    "predicted_memory_": ("device_memory_bytes", "INTEGER"),
    "predicted_step_time_": ("step_time_s", "REAL"),
    "prior_memory_": ("prior_device_memory_bytes", "INTEGER"),
    "prior_step_time_": ("prior_step_time_s", "REAL"),
}
"""Field of the prediction and type of its numbers, by what its columns begin with."""
_HAPPENED = {
    "peak_device_bytes": "INTEGER",
    "peak_reserved_bytes": "INTEGER",
    "peak_allocated_bytes": "INTEGER",
    "step_time_s": "REAL",
    "throughput_samples_per_s": "REAL",
    "duration_s": "REAL",
    "status": "TEXT",
    "exit_reason": "TEXT",
    "peak_host_bytes": "INTEGER",
    "started_at": "TEXT",
    "ended_at": "TEXT",
}


def _prefixed(prefix: str, columns: Mapping[str, str], otherwise: str = "") -> dict[str, str]:
    return {f"{prefix}{name}": kind or otherwise for name, kind in columns.items()}


COLUMNS: Mapping[str, str] = {
    "identifier": "TEXT PRIMARY KEY NOT NULL",
    "created_at": "TEXT NOT NULL",
    **_FACTS,
    **_prefixed("requested_", _ASKED),
    "tool_version": "TEXT",
    **{
        column: sql
        for prefix, (_, kind) in _PREDICTED.items()
        for column, sql in _prefixed(prefix, _INTERVAL, kind).items()
    },
    **_prefixed("actual_", _HAPPENED),
}
"""SQL type by column, as schema version 1 has them. Bytes, seconds, samples/s; NULL: unknown."""


def to_row(record: JobRecord) -> dict[str, Value]:
    """Values by column. A character that is not valid Unicode becomes a question mark."""
    predicted = record.predicted
    row: dict[str, Value] = {
        "identifier": record.identifier,
        "created_at": record.created_at.isoformat(),
        **_attributes("", _FACTS, record.submitted.facts),
        **_attributes("requested_", _ASKED, record.submitted),
        "tool_version": getattr(predicted, "tool_version", None),
        **_attributes("actual_", _HAPPENED, record.happened),
    }
    for prefix, (field, _) in _PREDICTED.items():
        row |= _attributes(prefix, _INTERVAL, getattr(predicted, field, None))
    return {column: _storable(value) for column, value in row.items()}


def _attributes(prefix: str, names: Mapping[str, str], holder: object) -> dict[str, Value]:
    return {f"{prefix}{name}": getattr(holder, name, None) for name in names}


def _storable(value: Value | datetime) -> Value:
    """A file name that is not UTF-8 reaches Python with lone surrogates; SQLite refuses them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


def from_row(row: sqlite3.Row) -> JobRecord:
    """The record of one row. Raises ValueError or TypeError for values no record can have."""
    submitted = Submitted(
        facts=JobFacts(**_part("", _FACTS, row)), **_part("requested_", _ASKED, row)
    )
    happened = _part("actual_", _HAPPENED, row)
    for name in ("started_at", "ended_at"):
        happened[name] = _moment(happened[name])
    return JobRecord(
        identifier=row["identifier"],
        created_at=datetime.fromisoformat(row["created_at"]),
        submitted=submitted,
        predicted=_predicted(row),
        happened=Happened(**happened) if set(happened.values()) != {None} else None,
    )


def _predicted(row: sqlite3.Row) -> Predicted | None:
    if row["tool_version"] is None:
        return None
    return Predicted(
        tool_version=row["tool_version"],
        **{
            field: _interval(_part(prefix, _INTERVAL, row))
            for prefix, (field, _) in _PREDICTED.items()
        },
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _interval(values: Mapping[str, Any]) -> Bounded[Any] | None:
    if values["target"] is None:
        return None
    return Bounded(**{**values, "source": Source(values["source"])})


def _part(prefix: str, names: Mapping[str, str], row: sqlite3.Row) -> dict[str, Any]:
    return {name: row[f"{prefix}{name}"] for name in names}
