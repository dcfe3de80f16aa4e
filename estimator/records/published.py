"""Published benchmark records that ship in ``history/published.csv``."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, TypeVar

from estimator.errors import BadInput
from estimator.messages import sentence

PUBLISHED_FILE = "published.csv"

Row = TypeVar("Row")


class Metric(StrEnum):
    """What a published figure measures; bytes, or samples/s or tokens/s.

    allocated, reserved: peaks of Paddle's allocator. unknown: the source does not say which
    peak it is.
    """

    ALLOCATED = "peak_memory_allocated"
    RESERVED = "peak_memory_reserved"
    DEVICE = "peak_memory_device"
    UNKNOWN_MEMORY = "peak_memory_unknown"
    THROUGHPUT = "throughput"


Scope = Literal["one gpu", "one pipeline stage", "all gpus", "not stated"]
Unit = Literal["bytes", "samples/s", "tokens/s"]


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """One published figure. None: the source does not say. ``raw_*``: as the source writes it.

    gpu: a name of the catalogue. per_device_batch_size: samples in one step of one GPU, without
    gradient accumulation. precision: ``fp32``, ``amp-O2-float16`` ...; fp32 is with TF32 on GPUs
    that have it, Paddle's default. scope: what ``value`` is the figure of.
    """

    model: str
    task: str
    gpu: str | None
    gpu_count: int | None
    per_device_batch_size: int | None
    input: str | None
    precision: str | None
    strategy: str | None
    software: str | None
    metric: Metric
    scope: Scope
    value: float
    unit: Unit
    raw_gpu: str | None
    raw_batch: str | None
    raw_precision: str | None
    raw_metric: str
    raw_value: str
    raw_unit: str
    note: str | None
    source: str


def load_published(folder: Path) -> tuple[PublishedRecord, ...]:
    """Every record of ``published.csv`` of a folder, in its order.

    Raises BadInput with file and line for a file that is not there, not UTF-8, has other
    columns, or has a value that no such record can have.
    """
    columns = [field.name for field in fields(PublishedRecord)]
    return read_rows(folder / PUBLISHED_FILE, columns, _parser())


def read_rows(
    path: Path, columns: list[str], parse: Callable[[Mapping[str, Any]], Row]
) -> tuple[Row, ...]:
    """Parse each line of a CSV file with just these columns; an empty cell is None.

    ``parse`` raises ValueError. Raises BadInput with file and line.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            if reader.fieldnames != columns:
                raise _damaged(path, 1, f"the columns must be {','.join(columns)}")
            return tuple(_parsed(path, reader, row, parse) for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            sentence("this file of published records cannot be read: {why}", why=str(error)),
            where=str(path),
            hint=sentence("install the tool again"),
        ) from error


def _parsed(
    path: Path,
    reader: csv.DictReader[str],
    row: dict[str, str],
    parse: Callable[[Mapping[str, Any]], Row],
) -> Row:
    if None in row or None in row.values():
        raise _damaged(path, reader.line_num, "a line with too many or too few cells")
    try:
        return parse({name: cell or None for name, cell in row.items()})
    except ValueError as error:
        raise _damaged(path, reader.line_num, _first_problem(error)) from error


def _first_problem(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return " ".join([*map(str, first["loc"]), first["msg"]])


def _damaged(path: Path, line: int, problem: str) -> BadInput:
    hint = sentence("correct the line, or install again")
    return BadInput(problem, where=f"{path}:{line}", hint=hint)


def _parser() -> Callable[[Mapping[str, Any]], PublishedRecord]:
    from pydantic import TypeAdapter

    from estimator.gpus.catalogue import load_catalogue

    adapter = TypeAdapter(PublishedRecord)
    gpus = {gpu.name for gpu in load_catalogue().types}

    def parse(row: Mapping[str, Any]) -> PublishedRecord:
        record = adapter.validate_python(row)
        _check(record, gpus)
        return record

    return parse


def _check(record: PublishedRecord, gpus: set[str]) -> None:
    if record.gpu is not None and record.gpu not in gpus:
        raise ValueError(f"the catalogue has no GPU type '{record.gpu}'")
    if not 0 < record.value < float("inf"):
        raise ValueError(f"a {record.metric} cannot be {record.value}")
    if (record.metric is Metric.THROUGHPUT) == (record.unit == "bytes"):
        raise ValueError(f"a {record.metric} cannot be in {record.unit}")
    for name in ("gpu_count", "per_device_batch_size"):
        count = getattr(record, name)
        if count is not None and count < 1:
            raise ValueError(f"{name} cannot be {count}")
