"""Section 3: what was asked for, by whom, when, and in jobs of which size."""

from __future__ import annotations

from typing import Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.data import Data
from estimator.report.sections.common import (
    BY_TITLES,
    SIZES,
    group_sums,
    left_out,
    named,
    ranked,
    size_class,
    size_name,
    table,
)
from estimator.report.types import Column, Figure, Section, Table, Unit

_DAYS = (
    *(sentence("Mon"), sentence("Tue"), sentence("Wed"), sentence("Thu"), sentence("Fri")),
    *(sentence("Sat"), sentence("Sun")),
)


def demand(data: Data) -> Section:
    """GPU-hours asked for, held and used; sizes of jobs; hours of the week."""
    groups, sizes, hours = _groups(data), _sizes(data), _week(data)
    return Section(
        "demand",
        sentence("Demand"),
        sentence("What was asked for, by whom, when, and in jobs of which size."),
        _figures(data),
        (groups, sizes, hours),
        (_groups_chart(data, groups), _sizes_chart(sizes), _week_chart(hours)),
        lacking=_lacking(data),
    )


def _asked(frame: Any) -> Any:
    return frame["gpus"] * frame["requested_duration_s"] / 3600


def _used(frame: Any) -> Any:
    return frame["hours"] * frame["gpu_utilization"]


def _figures(data: Data) -> tuple[Figure, ...]:
    frame = data.jobs.with_gpus
    asked, used = _asked(frame), _used(frame)
    found = (
        ("asked", sentence("GPU-hours asked for"), asked, sentence("GPUs times the time limit")),
        ("held", sentence("GPU-hours held"), frame["hours"], sentence("GPUs times running time")),
        ("used", sentence("GPU-hours used"), used, sentence("held, times mean utilisation")),
    )
    return tuple(
        Figure(key, title, float(values.sum()), Unit.GPU_HOURS, int(values.notna().sum()), how)
        for key, title, values, how in found
        if values.notna().any() or key == "held"
    )


def _lacking(data: Data) -> tuple[str, ...]:
    frame, said = data.jobs.with_gpus, []
    if not _asked(frame).notna().any():
        said.append(sentence("GPU-hours asked for: no job with GPUs says its time limit"))
    if not _used(frame).notna().any():
        said.append(sentence("GPU-hours used: no job says how busy its GPUs were"))
    if not len(frame):
        said.append(sentence("no job of the window has a GPU"))
    return tuple(said)


def _groups(data: Data) -> Table:
    frame = data.jobs.with_gpus
    cost = frame["hours"].to_numpy() * data.rates(frame)
    summed = group_sums(
        frame,
        data.by,
        {
            "asked": _asked(frame).to_numpy(),
            "held": frame["hours"].to_numpy(),
            "used": _used(frame).to_numpy(),
            "cost": cost,
            "priced": (cost == cost).astype(int),
        },
    )
    whole = float(summed["held"].sum()) or 1.0
    top, rest = ranked(summed, "held", 10_000)
    return table(
        "demand_by_group",
        sentence("GPU-hours by {group}", group=BY_TITLES[data.by]),
        (
            Column(data.by, BY_TITLES[data.by], Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("held", sentence("GPU-hours held"), Unit.GPU_HOURS),
            Column("share", sentence("share of GPU-hours"), Unit.SHARE),
            Column("asked", sentence("GPU-hours asked for"), Unit.GPU_HOURS),
            Column("used", sentence("GPU-hours used"), Unit.GPU_HOURS),
            Column("cost", sentence("cost"), Unit.MONEY),
        ),
        (
            named(top["name"]),
            top["jobs"],
            top["held"],
            top["held"] / whole,
            top["asked"].where(top["asked"] > 0),
            top["used"].where(top["used"] > 0),
            top["cost"].where(top["priced"] > 0),
        ),
        note=left_out(rest),
    )


def _sizes(data: Data) -> Table:
    frame = data.jobs.with_gpus
    sized = frame.assign(size=size_class(frame["gpus"]))
    summed = group_sums(sized, "size", {"held": frame["hours"].to_numpy()})
    by_place = {int(name): row for name, *row in summed.to_numpy().tolist()}
    places = [place for place in range(len(SIZES)) if place in by_place]
    jobs, held = ([by_place[place][at] for place in places] for at in (0, 1))
    return table(
        "job_sizes",
        sentence("Jobs by size"),
        (
            Column("gpus", sentence("GPUs of a job"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("jobs_share", sentence("share of jobs"), Unit.SHARE),
            Column("held", sentence("GPU-hours"), Unit.GPU_HOURS),
            Column("held_share", sentence("share of GPU-hours"), Unit.SHARE),
        ),
        (
            [size_name(place) for place in places],
            [int(count) for count in jobs],
            [count / max(sum(jobs), 1) for count in jobs],
            held,
            [hours / (sum(held) or 1.0) for hours in held],
        ),
    )


def _week(data: Data) -> Table:
    """GPU-hours of the jobs submitted in each hour of the week, in the time of the zone."""
    import numpy as np
    import pandas as pd

    frame = data.jobs.with_gpus
    frame = frame[frame["submitted"].notna()]
    moments = pd.to_datetime(frame["submitted"].to_numpy(), unit="s", utc=True)
    local = moments.tz_convert(data.zone)
    place = (local.day_of_week * 24 + local.hour).to_numpy().astype("int64")
    jobs = np.bincount(place, minlength=168)
    hours = np.bincount(place, frame["hours"].fillna(0.0).to_numpy(), minlength=168)
    return table(
        "hours_of_week",
        sentence("Submissions by hour of the week"),
        (
            Column("weekday", sentence("day"), Unit.TEXT),
            Column("hour", sentence("hour"), Unit.COUNT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("gpu_hours", sentence("GPU-hours"), Unit.GPU_HOURS),
        ),
        ([_DAYS[at // 24] for at in range(168)], [at % 24 for at in range(168)], jobs, hours),
        note=sentence("days of the time zone {zone}", zone=str(data.zone)),
        folded=True,
    )


def _groups_chart(data: Data, groups: Table) -> Chart:
    rows = tuple({"name": row[0], "held": row[2]} for row in groups.rows[: data.top])
    return Chart(
        Shape.BARS,
        groups.title,
        rows,
        Axis("held", sentence("GPU-hours"), format="~s"),
        Axis("name", "", AxisKind.NAME),
    )


def _sizes_chart(sizes: Table) -> Chart:
    jobs, hours = sentence("share of jobs"), sentence("share of GPU-hours")
    rows = tuple(
        {"size": f"{row[0]}", "of": of, "share": row[at]}
        for of, at in ((jobs, 2), (hours, 4))
        for row in sizes.rows
    )
    return Chart(
        Shape.HEAT,
        sizes.title,
        rows,
        Axis("size", sentence("GPUs of a job"), AxisKind.STEP),
        Axis("of", "", AxisKind.NAME),
        Axis("share", sentence("share"), format=".0%"),
    )


def _week_chart(week: Table) -> Chart:
    rows = tuple({"day": row[0], "hour": row[1], "jobs": row[2]} for row in week.rows)
    return Chart(
        Shape.HEAT,
        week.title,
        rows,
        Axis("hour", sentence("hour"), AxisKind.STEP),
        Axis("day", "", AxisKind.NAME),
        Axis("jobs", sentence("jobs")),
    )
