"""Jobs made by hand for the tests of this folder."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from estimator.records.columns import BY_NAME, Kind
from estimator.report.cluster import Cluster, NodeKind
from estimator.report.data import Data
from estimator.report.jobs import Jobs, jobs_of, span
from estimator.report.types import Section, Table, Window
from estimator.units import GIB
from estimator.values import Missing

HOUR, DAY = 3600.0, 86_400.0
START = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC

CLUSTER = Cluster(
    nodes=(NodeKind(2, "A100", 8, 64.0, 512 * GIB), NodeKind(1, "T4", 4, 32.0, 128 * GIB)),
    prices={"A100": 10.0, "T4": 1.0},
    currency="CNY",
    memory_price=0.5,
    source="cluster.yaml",
)
NO_CLUSTER = Missing("no --cluster was given")


def frame_of(*rows: dict[str, Any]) -> pd.DataFrame:
    """A frame with columns of a record; moments are given in hours since START."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: _column(name, [row.get(name) for row in rows]) for name in names}
    return pd.DataFrame(columns)


def _column(name: str, values: list[Any]) -> Any:
    kind = BY_NAME[name].kind
    if kind is Kind.TEXT:
        return pd.Series(values, dtype=object)
    if kind is Kind.MOMENT:
        moments = [
            pd.NaT if v is None else pd.Timestamp(START + v * HOUR, unit="s") for v in values
        ]
        return pd.Series(pd.to_datetime(moments, utc=True)).astype("datetime64[us, UTC]")
    return pd.Series([float("nan") if v is None else float(v) for v in values])


def job(at: float, hours: float, gpus: float = 1, **more: Any) -> dict[str, Any]:
    """A job submitted and started at a moment, that succeeded after some hours."""
    return {
        "submitted_at": at,
        "started_at": at,
        "finished_at": at + hours,
        "duration_s": hours * HOUR,
        "gpu_count": gpus,
        "status": "succeeded",
        **more,
    }


def jobs(*rows: dict[str, Any]) -> Jobs:
    return jobs_of([frame_of(*rows)])


def data(*rows: dict[str, Any], cluster: Cluster | Missing = CLUSTER, by: str = "team") -> Data:
    """All of these jobs in the window that they span."""
    every = jobs(*rows)
    window = span(every, None, None)
    assert isinstance(window, Window)
    return Data(every.within(window), every, window, cluster, ZoneInfo("UTC"), by)


def table(section: Section, key: str) -> Table:
    return next(one for one in section.tables if one.key == key)


def rows(section: Section, key: str) -> list[dict[str, Any]]:
    """The rows of a table by column."""
    found = table(section, key)
    keys = [column.key for column in found.columns]
    return [dict(zip(keys, row, strict=True)) for row in found.rows]


def figure(section: Section, key: str) -> Any:
    return next(one for one in section.figures if one.key == key)
