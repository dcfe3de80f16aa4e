"""A report as plain values: JSON, and one file for each table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from estimator.messages import Language, localise
from estimator.report.render.words import is_number
from estimator.report.types import Report, Table
from estimator.values import Missing

SCHEMA_VERSION = 1

TableFormat = Literal["csv", "parquet"]


def to_document(report: Report, language: Language = Language.EN) -> dict[str, Any]:
    """What ``report.json`` holds: the whole report, tables as lists of objects.

    A value that is missing is an object with the reason. Pictures are left out: they show tables.
    """
    said = localise(report, language)
    document: dict[str, Any] = {"schema_version": SCHEMA_VERSION, **_plain(said)}
    for section, told in zip(said.sections, document["sections"], strict=True):
        del told["charts"]
        told["tables"] = {table.key: _table(table) for table in section.tables}
        for figure in told["figures"]:
            figure["window"] = document["window"]
    return document


def write_tables(report: Report, folder: Path, format: TableFormat, language: Language) -> None:
    """Every table as ``SECTION.TABLE.csv`` or ``.parquet`` in a folder, made where missing."""
    import pandas as pd

    folder.mkdir(parents=True, exist_ok=True)
    for section in localise(report, language).sections:
        for table in section.tables:
            frame = pd.DataFrame(
                [list(row) for row in table.rows],
                columns=[column.key for column in table.columns],
            )
            path = folder / f"{section.key}.{table.key}.{format}"
            if format == "csv":
                frame.to_csv(path, index=False)
            else:
                _with_types(frame, table).to_parquet(path, index=False)


def _with_types(frame: Any, table: Table) -> Any:
    """Text as text, so that a column of nothing but unknown values has a type too."""
    text = {column.key: str for column in table.columns if not is_number(column.unit)}
    numbers = {column.key: "float64" for column in table.columns if column.key not in text}
    return frame.astype({**text, **numbers})


def _table(table: Table) -> dict[str, Any]:
    keys = [column.key for column in table.columns]
    return {
        "title": str(table.title),
        "note": str(table.note),
        "columns": _plain(table.columns),
        "rows": [
            {key: _plain(cell) for key, cell in zip(keys, row, strict=True)} for row in table.rows
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Missing):
        return {"missing": str(value.reason)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, str) else value
