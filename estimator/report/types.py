"""What a report is made of: figures, tables and pictures in sections, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from estimator.charts.types import Chart
from estimator.report.statistics import LEVEL
from estimator.values import Missing, Source

Cell = str | int | float | datetime | None
"""One value of a table; None: not known."""


class Unit(StrEnum):
    """What a value is counted in. LONG is a sentence, DIFF lines that a person may apply."""

    TEXT = "text"
    COUNT = "count"
    GPUS = "GPUs"
    GPU_HOURS = "GPU-hours"
    MONEY = "money"
    SHARE = "share"
    RATIO = "ratio"
    SECONDS = "seconds"
    BYTES = "bytes"
    GIB_HOURS = "GiB-hours"
    MOMENT = "moment"
    LONG = "long"
    DIFF = "diff"


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when jobs are looked at, in UTC; the end is not part of it."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start).total_seconds() / 3600


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a section.

    n: how many observations it rests on. lower, upper: where it is an estimate. how: what it is
    made of, in one sentence. earlier: the same of the window that the report is compared with.
    confidence: the share that the interval is meant to hold.
    """

    key: str
    title: str
    value: float | int | datetime | Missing
    unit: Unit
    n: int
    how: str
    lower: float | None = None
    upper: float | None = None
    source: Source = Source.MEASURED
    earlier: float | int | datetime | None = None
    confidence: float = LEVEL


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``key`` is its name in JSON, CSV and Parquet."""

    key: str
    title: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells. note: what a reader must know of it. folded: the page shows it when asked."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report.

    notes: what was found, plain sentences. lacking: what the data does not have, and what would
    be said if it had.
    """

    key: str
    title: str
    about: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole. earlier: the window that it is compared with, None where with none."""

    title: str
    made_at: datetime
    tool_version: str
    source: str
    window: Window | Missing
    earlier: Window | None
    zone: str
    currency: str
    sections: tuple[Section, ...]
