"""A job record as one row of a store, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from estimator.records.columns import BY_NAME, COLUMNS, Kind, Part, prediction_column
from estimator.records.types import Happened, JobFacts, JobRecord, Predicted, Submitted, Target
from estimator.values import Bounded, Source

Value = str | int | float | datetime | None

_FACTS = (
    "model",
    "gpu",
    "precision",
    "per_device_batch_size",
    "gpu_count",
    "template",
    "user",
)
_RENAMED = {"memory_bytes", "cpu", "gpu_memory_bytes", "duration_s"}
"""Fields of Submitted whose column begins with ``requested_``."""
_SUBMITTED = {
    f"requested_{name}" if name in _RENAMED else name: name
    for name in Submitted.__dataclass_fields__
    if name != "facts"
}
_HAPPENED = tuple(column.name for column in COLUMNS if column.part is Part.HAPPENED)
_INTERVALS = {
    prefix + target: (stage, target)
    for prefix, stage in (("", "predicted"), ("prior_", "prior"))
    for target in Target
}
"""Stage and target of a prediction by its field of Predicted."""


def to_row(record: JobRecord) -> dict[str, Value]:
    """Values by column; ``updated_at`` is the store's to set.

    A character that is not valid Unicode becomes a question mark.
    """
    row: dict[str, Value] = dict.fromkeys(BY_NAME)
    row |= {name: getattr(record, name) for name in ("identifier", "created_at", "origin")}
    row["problems"] = "\n".join(record.problems) or None
    row |= {name: getattr(record.submitted.facts, name) for name in _FACTS}
    row |= {column: getattr(record.submitted, name) for column, name in _SUBMITTED.items()}
    if record.predicted is not None:
        row |= _prediction(record.predicted)
    if record.happened is not None:
        row |= {name: getattr(record.happened, name) for name in _HAPPENED}
    return {column: _storable(value) for column, value in row.items()}


def _prediction(predicted: Predicted) -> dict[str, Value]:
    row: dict[str, Value] = {"tool_version": predicted.tool_version}
    for field, (stage, target) in _INTERVALS.items():
        interval = getattr(predicted, field)
        for part in ("target", "lower", "upper", "source", "reason"):
            row[prediction_column(stage, target, part)] = getattr(interval, part, None)
    return row


def _storable(value: Value) -> Value:
    return readable(value) if isinstance(value, str) else value


def readable(text: str) -> str:
    """Text that every database takes.

    A file name that is not UTF-8 reaches Python with lone surrogates, which none takes;
    PostgreSQL takes no NUL.
    """
    return str(text).encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def from_row(row: Mapping[str, Any]) -> JobRecord:
    """The record of one row. Raises ValueError or TypeError for values no record can have."""
    values = {name: _in_kind(name, row[name]) for name in BY_NAME}
    happened = {name: values[name] for name in _HAPPENED}
    return JobRecord(
        identifier=values["identifier"],
        created_at=values["created_at"],
        submitted=Submitted(
            facts=JobFacts(**{name: values[name] for name in _FACTS}),
            **{name: values[column] for column, name in _SUBMITTED.items()},
        ),
        predicted=_predicted(values),
        happened=Happened(**happened) if set(happened.values()) != {None} else None,
        origin=values["origin"],
        problems=tuple((values["problems"] or "").splitlines()),
    )


def _in_kind(name: str, value: Any) -> Any:
    """A value in the type of its column; stores that count microseconds give moments as int."""
    kind = BY_NAME[name].kind
    if value is None or kind is Kind.TEXT:
        return value
    if kind is Kind.MOMENT:
        return _moment(value)
    return int(value) if kind in (Kind.BYTES, Kind.COUNT) else float(value)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, int):
        return from_micros(value)
    raise ValueError(f"{value!r} is no date")


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_micros(micros: int) -> datetime:
    """The moment so many microseconds after 1970. Raises ValueError for one beyond year 9999."""
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        raise ValueError(f"{micros} microseconds are no date") from error


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _predicted(values: Mapping[str, Any]) -> Predicted | None:
    if values["tool_version"] is None:
        return None
    intervals = {field: _interval(values, *key) for field, key in _INTERVALS.items()}
    return Predicted(tool_version=values["tool_version"], **intervals)


def _interval(values: Mapping[str, Any], stage: str, target: Target) -> Bounded[Any] | None:
    parts = {
        part: values[prediction_column(stage, target, part)]
        for part in ("target", "lower", "upper", "source", "reason")
    }
    if parts["target"] is None:
        return None
    return Bounded(**{**parts, "source": Source(parts["source"])})
