"""Records that ``history export`` wrote: JSON lines with a record's own columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from estimator.records.columns import BY_NAME, Kind
from estimator.records.reading.json_values import json_values
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.rows import from_row

if TYPE_CHECKING:
    from estimator.records.stage import Stage


def stage_exported(stage: Stage, file: TableFile, tally: Tally) -> None:
    """Add exported records to a stage, each under the identifier it had."""
    for place, value in json_values(file.path, tally, file.encoding):
        try:
            stage.add_record(from_row(_row(value)))
            tally.taken += 1
        except (KeyError, TypeError, ValueError) as error:
            tally.skip(f"no exported record: {error}", place)


def to_json(row: dict[str, Any]) -> dict[str, Any]:
    """A row for JSON: moments as ISO 8601 text, unknown values left out."""
    known = {name: value for name, value in row.items() if value is not None}
    return {name: v.isoformat() if isinstance(v, datetime) else v for name, v in known.items()}


def _row(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("identifier"), str):
        raise ValueError("it has no identifier")
    row: dict[str, Any] = {**dict.fromkeys(BY_NAME), "origin": "import", **value}
    for name, column in BY_NAME.items():
        if column.kind is Kind.MOMENT and row[name] is not None:
            row[name] = datetime.fromisoformat(row[name]).astimezone(UTC)
    if row["created_at"] is None:
        raise ValueError("it has no created_at")
    return row
