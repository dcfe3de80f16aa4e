"""The published schema of an exported record; run as a module, it prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from estimator.records.columns import COLUMNS, Column, Kind
from estimator.records.stores.schema import NEWEST
from estimator.records.types import Status

FILE = "record.schema.json"
_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.BYTES: {"type": "integer", "minimum": 0},
    Kind.COUNT: {"type": "integer", "minimum": 0},
    Kind.SECONDS: {"type": "number", "minimum": 0},
    Kind.NUMBER: {"type": "number", "minimum": 0},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
}


def schema() -> dict[str, Any]:
    """JSON Schema of one line of ``history export``; a value that is not known is left out."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Job record of paddle-estimate",
        "description": "What was submitted, predicted, and happened. Unknown values are left out.",
        "version": NEWEST,
        "type": "object",
        "required": ["identifier", "created_at", "origin"],
        "additionalProperties": False,
        "properties": {column.name: _property(column) for column in COLUMNS},
    }


def _property(column: Column) -> dict[str, Any]:
    what = {"description": f"{column.part}: {column.meaning}", **_TYPES[column.kind]}
    return {**what, "enum": list(Status)} if column.name == "status" else what


if __name__ == "__main__":
    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
