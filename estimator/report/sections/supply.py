"""Section 2: what the cluster has, and how much of it was held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.cluster import Cluster
from estimator.report.data import Data
from estimator.report.occupancy import by_step, held, hours_between
from estimator.report.sections.common import named, table
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.values import Missing, Source

if TYPE_CHECKING:
    import pandas as pd

_MOST_STEPS = 400
"""Points of a series over time: more cannot be told apart in a picture of this width."""


def supply(data: Data) -> Section:
    """GPUs by type with the GPU-hours that they could have given and those that were held."""
    frame, title = data.every.with_gpus, sentence("Supply")
    about = sentence("What the cluster has, and how much of it was held.")
    if isinstance(data.cluster, Missing):
        most = held(frame, data.every.start).most()
        figure = Figure(
            "most_held",
            sentence("most GPUs held at one moment"),
            most,
            Unit.GPUS,
            len(frame),
            sentence("the cluster had at least as many"),
        )
        lacking: tuple[str, ...] = (
            sentence("supply, utilisation and cost of idle GPUs: {why}", why=data.cluster.reason),
            *_no_start(data),
        )
        return Section(
            "supply", title, about, (figure,), (_daily(data),), _chart(data), lacking=lacking
        )
    by_type = _by_type(data, data.cluster)
    return Section(
        "supply",
        title,
        about,
        _figures(data, data.cluster),
        (by_type, _daily(data)),
        _chart(data),
        lacking=_lacking(data, data.cluster),
    )


def _figures(data: Data, cluster: Cluster) -> tuple[Figure, ...]:
    frame, total = data.every.with_gpus, sum(cluster.gpus().values())
    hours = data.window.hours
    used = _between(data, frame)
    share: float | Missing = (
        used / (total * hours)
        if total and hours
        else Missing(sentence("the cluster has no GPU, or the window no length"))
    )
    source = sentence("from {source}, taken to be the same all the time", source=cluster.source)
    return (
        Figure(
            "gpus", sentence("GPUs"), total, Unit.GPUS, len(cluster.nodes), source,
            source=Source.ASSUMED,
        ),
        Figure(
            "capacity", sentence("GPU-hours in the window"), total * hours, Unit.GPU_HOURS, 1,
            sentence("GPUs times the length of the window"), source=Source.ASSUMED,
        ),
        Figure(
            "utilisation", sentence("share of GPU-hours held by jobs"), share, Unit.SHARE,
            len(frame), sentence("GPU-hours of running jobs within the window over the supply"),
        ),
    )  # fmt: skip


def _by_type(data: Data, cluster: Cluster) -> Table:
    frame, hours = data.every.with_gpus, data.window.hours
    types = data.types(frame)
    gpus = cluster.gpus()
    names = [*gpus, *sorted(set(types.unique()) - set(gpus))]
    used = [_between(data, frame[types == name]) for name in names]
    room = [gpus.get(name, 0) * hours for name in names]
    price = [cluster.prices.get(name) for name in names]
    idle = [
        None if rate is None else max(0.0, has - took) * rate
        for rate, has, took in zip(price, room, used, strict=True)
    ]
    nodes = [sum(k.count for k in cluster.nodes if k.gpus and k.gpu == name) for name in names]
    return table(
        "gpu_types",
        sentence("GPUs by type"),
        (
            Column("gpu", sentence("GPU type"), Unit.TEXT),
            Column("nodes", sentence("nodes"), Unit.COUNT),
            Column("gpus", sentence("GPUs"), Unit.GPUS),
            Column("capacity", sentence("GPU-hours in the window"), Unit.GPU_HOURS),
            Column("held", sentence("GPU-hours held"), Unit.GPU_HOURS),
            Column("utilisation", sentence("share held"), Unit.SHARE),
            Column("price", sentence("price of a GPU-hour"), Unit.MONEY),
            Column("idle_cost", sentence("cost of the rest"), Unit.MONEY),
        ),
        (
            named(names),
            nodes,
            [gpus.get(name, 0) for name in names],
            room,
            used,
            [took / has if has else None for took, has in zip(used, room, strict=True)],
            price,
            idle,
        ),
        note=sentence("a type without nodes is one that jobs name and the cluster does not have"),
    )


def _lacking(data: Data, cluster: Cluster) -> tuple[str, ...]:
    said = list(_no_start(data))
    without = tuple(name or "?" for name in cluster.gpus() if name not in cluster.prices)
    if without:
        said.append(sentence("no price of a GPU-hour is known for: {types}", types=without))
    types = data.every.with_gpus["gpu"]
    unknown = int((types == "").sum())
    if unknown and len(cluster.gpus()) > 1:
        said.append(
            sentence(
                "{count} jobs do not say on which GPU type they ran: utilisation by type is not "
                "known, only that of all",
                count=unknown,
            )
        )
    return tuple(said)


def _no_start(data: Data) -> tuple[str, ...]:
    if data.every.start == "began":
        return ()
    return (
        sentence(
            "no job says when it started: GPUs held are shown as if each job had started when it "
            "was submitted"
        ),
    )


def _between(data: Data, frame: pd.DataFrame) -> float:
    window = data.window
    bounds = (window.start.timestamp(), window.end.timestamp())
    return hours_between(frame, bounds, data.every.start)


def edges(data: Data) -> Any:
    """Bounds of days of the report's time zone over the window; of weeks where it is long.

    Days of a zone with daylight saving have 23 or 25 hours now and then.
    """
    start, end = (m.astimezone(data.zone) for m in (data.window.start, data.window.end))
    step = 1 if (end - start).days <= _MOST_STEPS else 7
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = []
    while day < end:
        bounds.append(day.timestamp())
        day += timedelta(days=step)
    return [*bounds, day.timestamp()]


def _daily(data: Data) -> Table:
    bounds = edges(data)
    hours = by_step(data.every.with_gpus, bounds, data.every.start)
    lengths = [(after - before) / 3600 for before, after in pairwise(bounds)]
    return table(
        "held_by_day",
        sentence("GPUs held over time"),
        (
            Column("day", sentence("day"), Unit.MOMENT),
            Column("gpus", sentence("mean GPUs held"), Unit.GPUS),
            Column("gpu_hours", sentence("GPU-hours"), Unit.GPU_HOURS),
        ),
        (
            [datetime.fromtimestamp(one, UTC).astimezone(data.zone) for one in bounds[:-1]],
            hours / lengths,
            hours,
        ),
        note=sentence("days of the time zone {zone}", zone=str(data.zone)),
        folded=True,
    )


def _chart(data: Data) -> tuple[Chart, ...]:
    daily = _daily(data)
    rows = tuple({"day": f"{row[0]:%Y-%m-%d}", "gpus": row[1]} for row in daily.rows)
    if not rows:
        return ()
    return (
        Chart(
            Shape.LINES,
            sentence("GPUs held over time"),
            rows,
            Axis("day", "", AxisKind.TIME, format="%m-%d"),
            Axis("gpus", sentence("mean GPUs held")),
        ),
    )
