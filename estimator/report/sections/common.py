"""What sections share: grouping, tables from frames, figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.types import Status
from estimator.report.jobs import UNKNOWN
from estimator.report.statistics import Estimate
from estimator.report.types import Cell, Column, Figure, Table, Unit

if TYPE_CHECKING:
    import pandas as pd

BY_TITLES = {
    "team": sentence("team"),
    "template": sentence("template"),
    "user": sentence("user"),
    "gpu": sentence("GPU type"),
    "queue": sentence("queue"),
}
"""What a group is called, by its column."""

LOST = (
    *(Status.FAILED, Status.OUT_OF_MEMORY, Status.KILLED, Status.TIMEOUT, Status.PREEMPTED),
    Status.NODE_FAILURE,
)
"""Ends that leave nothing behind, as far as a record can tell. Who cancels a job may have seen
enough of it."""

SIZES = (0, 1, 2, 4, 8, 16, 32, 64, 128)
"""GPUs of a job from which a class of size begins; a share of one GPU is of class 0, none of -1."""


def named(values: Sequence[Any] | pd.Series[Any]) -> list[str]:
    """Names of groups, unknown ones in words."""
    return [str(value) if value != UNKNOWN else sentence("(not known)") for value in values]


def plain(value: Any) -> Cell:
    """A value of numpy or pandas as a cell."""
    if value is None or isinstance(value, (str, datetime, bool)):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value  # type: ignore[no-any-return]


def table(
    key: str,
    title: str,
    columns: Sequence[Column],
    values: Iterable[Iterable[Any]],
    **more: Any,
) -> Table:
    """A table from its columns, each a sequence of values of any array type.

    more: further fields of Table.
    """
    return table_of_rows(key, title, columns, zip(*values, strict=True), **more)


def table_of_rows(
    key: str, title: str, columns: Sequence[Column], rows: Iterable[Iterable[Any]], **more: Any
) -> Table:
    """A table from its rows. more: further fields of Table."""
    cells = tuple(tuple(plain(cell) for cell in row) for row in rows)
    return Table(key, title, tuple(columns), cells, **more)


def estimated(key: str, title: str, estimate: Estimate, unit: Unit, how: str) -> Figure:
    """A figure with the interval of an estimate, where its observations allow one."""
    known = math.isfinite(estimate.lower) and math.isfinite(estimate.upper)
    return Figure(
        key,
        title,
        estimate.value,
        unit,
        estimate.n,
        how,
        estimate.lower if known else None,
        estimate.upper if known else None,
    )


def size_class(gpus: Any) -> Any:
    """The class of size of each job: the place of the last of SIZES that it reaches."""
    import numpy as np

    gpus = np.nan_to_num(np.asarray(gpus, "float64"))
    return np.where(gpus > 0, np.searchsorted(SIZES, gpus, side="right") - 1, -1)


def size_name(place: int) -> str:
    """``0``, ``<1``, ``1``, ``2-3``, ``4-7`` ... ``128+``."""
    if place <= 0:
        return "<1" if place == 0 else "0"
    low = SIZES[place]
    if place == len(SIZES) - 1:
        return f"{low}+"
    high = SIZES[place + 1] - 1
    return f"{low}" if high == low else f"{low}-{high}"


def group_sums(frame: pd.DataFrame, by: str, values: dict[str, Any]) -> pd.DataFrame:
    """Sums of arrays over the groups of a column; ``jobs`` counts, ``name`` is the group."""
    import pandas as pd

    summed = pd.DataFrame({"name": frame[by].array, "jobs": 1, **values})
    sums = summed.groupby("name", sort=True, observed=True).sum().reset_index()
    return sums.assign(name=sums["name"].astype(str))


def ranked(frame: pd.DataFrame, by: str, top: int) -> tuple[pd.DataFrame, int]:
    """The rows with the most of a column, and how many were left out."""
    ordered = frame.sort_values([by, "name"], ascending=[False, True], kind="stable")
    return ordered.head(top), max(0, len(ordered) - top)


def left_out(count: int) -> str:
    """A note on rows that a ranked table does not show; empty where it shows all."""
    if not count:
        return ""
    return sentence("{count} more groups are in the data beside the page", count=count)
