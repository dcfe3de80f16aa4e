"""Section 7: how long jobs waited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.records.types import Status
from estimator.report.data import Data
from estimator.report.jobs import UNKNOWN
from estimator.report.sections.common import (
    BY_TITLES,
    estimated,
    named,
    size_class,
    size_name,
    table_of_rows,
)
from estimator.report.statistics import quantile
from estimator.report.types import Column, Figure, Section, Table, Unit

if TYPE_CHECKING:
    import pandas as pd

_SHORTEST = 10.0
"""Seconds; the expansion factor of a shorter job says more about its length than about its wait
(bounded slowdown, Feitelson et al. 1997)."""


def queueing(data: Data) -> Section:
    """Waits and expansion factors, by size of job and GPU type."""
    frame = data.frame[data.frame["wait"] >= 0]
    title = sentence("Queueing")
    about = sentence("How long jobs waited between submission and start.")
    if not len(frame):
        lacking = sentence("waits: no job says both when it was submitted and when it started")
        return Section("queueing", title, about, lacking=(lacking,))
    sizes = _by(frame, size_class(frame["gpus"]), "size", sentence("GPUs of a job"))
    named_ = tuple(
        _by(frame, frame[by].array, by, BY_TITLES[by])
        for by in ("gpu", "queue", "team")
        if (frame[by] != UNKNOWN).any()
    )
    pending = data.frame["status"] == Status.PENDING
    never = int((pending & data.frame["began"].isna()).sum())
    notes = (sentence("{count} jobs never started; they are not in these figures", count=never),)
    return Section(
        "queueing",
        title,
        about,
        tuple(_figures(frame)),
        (sizes, *named_),
        (_chart(sizes),),
        notes if never else (),
    )


def _figures(frame: pd.DataFrame) -> list[Figure]:
    how = sentence("from submission to start, of jobs that say both")
    wait = frame["wait"].to_numpy()
    shares = (
        ("wait_p50", sentence("wait, median"), 0.5),
        ("wait_p90", sentence("wait, 90th percentile"), 0.9),
        ("wait_p99", sentence("wait, 99th percentile"), 0.99),
    )
    found = [
        estimated(key, title, quantile(wait, share), Unit.SECONDS, how)
        for key, title, share in shares
    ]
    factor = _expansion(frame)
    if len(factor):
        title, how = (
            sentence("expansion factor, median"),
            sentence("(wait + running) / running, with running taken as 10 s at least"),
        )
        found.append(estimated("expansion", title, quantile(factor, 0.5), Unit.RATIO, how))
    return found


def _expansion(frame: pd.DataFrame) -> Any:
    ran = frame[frame["seconds"].notna() & ~frame["running"]]
    length = ran["seconds"].clip(lower=_SHORTEST).to_numpy()
    return (ran["wait"].to_numpy() + length) / length


def _by(frame: pd.DataFrame, groups: Any, key: str, title: str) -> Table:
    rows = []
    for group, part in frame.groupby(groups, sort=True, observed=True):
        factor = _expansion(part)
        waits = [float(part["wait"].quantile(share)) for share in (0.5, 0.9, 0.99)]
        factors = [quantile(factor, s).value if len(factor) else None for s in (0.5, 0.9)]
        name = size_name(int(group)) if key == "size" else named([group])[0]
        rows.append((name, len(part), *waits, *factors))
    return table_of_rows(
        f"waits_by_{key}",
        sentence("Waits by {group}", group=title),
        (
            Column(key, title, Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("p50", sentence("wait, median"), Unit.SECONDS),
            Column("p90", sentence("wait, 90th percentile"), Unit.SECONDS),
            Column("p99", sentence("wait, 99th percentile"), Unit.SECONDS),
            Column("expansion", sentence("expansion factor, median"), Unit.RATIO),
            Column("expansion_p90", sentence("expansion factor, 90th percentile"), Unit.RATIO),
        ),
        rows,
    )


def _chart(sizes: Table) -> Chart:
    # a wait of nothing has no place on a logarithmic scale: one second stands for less
    rows = tuple(
        {"size": row[0], "p50": max(1.0, _n(row[2])), "p90": max(1.0, _n(row[3]))}
        for row in sizes.rows
    )
    return Chart(
        Shape.INTERVALS,
        sentence("Wait by size of job: median, and up to the 90th percentile"),
        tuple({**row, "low": row["p50"]} for row in rows),
        Axis("p50", sentence("wait (s)"), log=True, format="~s"),
        Axis("size", sentence("GPUs of a job"), AxisKind.NAME),
        band=("low", "p90"),
    )


def _n(cell: Any) -> float:
    return float(cell or 0.0)
