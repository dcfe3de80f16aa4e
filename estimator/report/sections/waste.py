"""Section 5: GPU-hours that left nothing behind, and the changes that would save most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.records.types import Status, Target
from estimator.report.advice import MOST_LEARNT, Change, tells
from estimator.report.advice.types import GPU_COUNT, GPU_TYPE
from estimator.report.data import Data
from estimator.report.sections.common import (
    BY_TITLES,
    LOST,
    group_sums,
    left_out,
    named,
    ranked,
    table,
    table_of_rows,
)
from estimator.report.types import Cell, Column, Figure, Section, Table, Unit
from estimator.units import format_bytes, format_duration

if TYPE_CHECKING:
    import pandas as pd

GROUPS = ("team", "template", "user", "gpu")
_TARGETS = {
    "host_memory_bytes": sentence("host memory"),
    "device_memory_bytes": sentence("device memory"),
    "duration_s": sentence("time limit"),
    GPU_TYPE: sentence("GPU type"),
    GPU_COUNT: sentence("number of GPUs"),
}


def waste(data: Data, changes: tuple[Change, ...]) -> Section:
    """Lost and idle GPU-hours by team, template, user and GPU type, and what to change."""
    frame = data.jobs.with_gpus
    told = (frame["status"] != "").any() or frame["gpu_utilization"].notna().any()
    named_ = [by for by in GROUPS if told and (frame[by] != "").any()]
    parts = tuple(_by(data, frame, by) for by in named_)
    return Section(
        "waste",
        sentence("Waste, and the changes to make"),
        sentence(
            "GPU-hours of jobs that failed, and those that GPUs were held and not busy; then what "
            "templates should ask for instead."
        ),
        tuple(_figures(data, frame)) if told else (),
        (*parts, _changes(changes)),
        tuple(_chart(part) for part in parts[:1] if part.rows),
        _learnt_from(data.frame),
        tuple(_lacking(data, frame, changes)),
    )


def _learnt_from(frame: pd.DataFrame) -> tuple[str, ...]:
    """How many jobs the changes of memory and time limits rest on, where there are any."""
    told = int(tells(frame).sum())
    if not told:
        return ()
    if told <= MOST_LEARNT:
        return (
            sentence(
                "changes of memory and time limits are learnt from {count} jobs that say their "
                "request",
                count=told,
            ),
        )
    return (
        sentence(
            "changes of memory and time limits are learnt from the latest {count} of {all} jobs "
            "that say their request",
            count=MOST_LEARNT,
            all=told,
        ),
    )


def lost_hours(frame: pd.DataFrame) -> pd.Series[float]:
    """GPU-hours of jobs that ended as in LOST."""
    hours: pd.Series[float] = frame["hours"].where(frame["status"].isin(LOST), 0.0)
    return hours.fillna(0.0)


def idle_hours(frame: pd.DataFrame) -> pd.Series[float]:
    """GPU-hours held and not busy, of jobs that were not lost and say how busy they were."""
    idle = frame["hours"] * (1 - frame["gpu_utilization"].clip(upper=1.0))
    hours: pd.Series[float] = idle.where(~frame["status"].isin(LOST), 0.0)
    return hours.fillna(0.0)


def _figures(data: Data, frame: pd.DataFrame) -> list[Figure]:
    told = int((frame["status"] != "").sum())
    lost, idle, rates = lost_hours(frame), idle_hours(frame), data.rates(frame)
    known = int(frame["gpu_utilization"].notna().sum())
    figures = [
        Figure(
            "lost",
            sentence("GPU-hours of jobs that failed"),
            float(lost.sum()),
            Unit.GPU_HOURS,
            told,
            sentence("failed, out of memory, killed, timed out, preempted, or node lost"),
        ),
        Figure(
            "idle",
            sentence("GPU-hours held and not busy"),
            float(idle.sum()),
            Unit.GPU_HOURS,
            known,
            sentence("GPU-hours times (1 - mean utilisation), of the other jobs that say it"),
        ),
    ]
    figures = [one for one in figures if one.n]  # nothing is said of what nobody says
    if figures and (rates == rates).any():
        money = float(((lost + idle) * rates).sum())
        how = sentence("both at the price of their GPU type")
        title = sentence("cost of both")
        figures.append(Figure("cost", title, money, Unit.MONEY, int((rates == rates).sum()), how))
    return figures


def _lacking(data: Data, frame: pd.DataFrame, changes: tuple[Change, ...]) -> list[str]:
    said: list[str] = []
    if not (frame["status"] != "").any():
        said.append(sentence("GPU-hours of failed jobs: no job says how it ended"))
    if not frame["gpu_utilization"].notna().any():
        said.append(sentence("idle GPUs: no job says how busy its GPUs were"))
    rates = data.rates(frame)
    if len(frame) and not (rates == rates).all():
        said.append(
            sentence(
                "money: no price is known for the GPU type of {count} of {all} jobs",
                count=int((rates != rates).sum()),
                all=len(frame),
            )
        )
    if not changes:
        said.append(
            sentence(
                "changes: no template has {count} past jobs that say both what they asked for and "
                "what they took, and would ask for something else",
                count=5,
            )
        )
    return said


def _by(data: Data, frame: pd.DataFrame, by: str) -> Table:
    lost, idle, rates = lost_hours(frame), idle_hours(frame), data.rates(frame)
    status = frame["status"]
    memory = frame["hours"].where(status == Status.OUT_OF_MEMORY, 0.0).fillna(0.0)
    cancelled = frame["hours"].where(status == Status.CANCELLED, 0.0).fillna(0.0)
    summed = group_sums(
        frame,
        by,
        {
            "held": frame["hours"].to_numpy(),
            "lost": lost.to_numpy(),
            "memory": memory.to_numpy(),
            "cancelled": cancelled.to_numpy(),
            "idle": idle.to_numpy(),
            "cost": (lost + idle).to_numpy() * rates,
            "priced": (rates == rates).astype(int),
            "told": frame["gpu_utilization"].notna().astype(int).to_numpy(),
            "ended": (status != "").astype(int).to_numpy(),
        },
    )
    summed["waste"] = summed["lost"] + summed["idle"]
    top, rest = ranked(summed, "cost" if summed["cost"].any() else "waste", 1_000)
    return table(
        f"waste_by_{by}",
        sentence("Waste by {group}", group=BY_TITLES[by]),
        _columns(by),
        (
            named(top["name"]),
            top["jobs"],
            top["held"],
            top["waste"],
            top["waste"] / top["held"].where(top["held"] > 0),
            top["lost"].where(top["ended"] > 0),
            top["memory"].where(top["ended"] > 0),
            top["idle"].where(top["told"] > 0),
            top["cancelled"].where(top["ended"] > 0),
            top["cost"].where(top["priced"] > 0),
        ),
        note=left_out(rest),
    )


def _columns(by: str) -> tuple[Column, ...]:
    return (
        Column(by, BY_TITLES[by], Unit.TEXT),
        Column("jobs", sentence("jobs"), Unit.COUNT),
        Column("held", sentence("GPU-hours held"), Unit.GPU_HOURS),
        Column("waste", sentence("failed or idle"), Unit.GPU_HOURS),
        Column("share", sentence("share of GPU-hours"), Unit.SHARE),
        Column("lost", sentence("failed"), Unit.GPU_HOURS),
        Column("out_of_memory", sentence("of these, out of memory"), Unit.GPU_HOURS),
        Column("idle", sentence("held and not busy"), Unit.GPU_HOURS),
        Column("cancelled", sentence("cancelled (not counted)"), Unit.GPU_HOURS),
        Column("cost", sentence("cost of failed or idle"), Unit.MONEY),
    )


def _changes(changes: tuple[Change, ...]) -> Table:
    rows = [_change(one) for one in changes]
    columns = (
        Column("template", sentence("template"), Unit.TEXT),
        Column("what", sentence("what"), Unit.TEXT),
        Column("before", sentence("asks for"), Unit.TEXT),
        Column("after", sentence("should ask for"), Unit.TEXT),
        Column("jobs", sentence("past jobs behind it"), Unit.COUNT),
        Column("affected", sentence("jobs of the window"), Unit.COUNT),
        Column("gib_hours", sentence("GiB-hours saved"), Unit.GIB_HOURS),
        Column("gpu_hours", sentence("GPU-hours saved"), Unit.GPU_HOURS),
        Column("money", sentence("saved"), Unit.MONEY),
        Column("risk", sentence("chance of needing more"), Unit.SHARE),
        Column("confidence", sentence("confidence"), Unit.TEXT),
        Column("why", sentence("why"), Unit.LONG),
        Column("diff", sentence("change to the template"), Unit.DIFF),
    )
    return table_of_rows(
        "changes",
        sentence("Changes to templates, most valuable first"),
        columns,
        rows,
        note=sentence(
            "less than nothing saved: such a template runs out of memory and should ask for more"
        ),
    )


def _change(one: Change) -> tuple[Cell, ...]:
    return (
        one.template,
        _TARGETS[one.target],
        _amount(one.target, one.before),
        _amount(one.target, one.after),
        one.jobs,
        one.affected,
        one.gib_hours or None,
        one.gpu_hours or None,
        one.money,
        one.risk,
        CONFIDENCES[one.confidence.value],
        sentence("{reasons}", reasons=one.reasons),
        one.diff,
    )


def _amount(target: str, value: float | str) -> str:
    """What is asked for, in the unit of the target."""
    if isinstance(value, str):
        return value
    if target == Target.DURATION:
        return format_duration(value)
    return f"{value:g}" if target == GPU_COUNT else format_bytes(int(value))


CONFIDENCES = {
    "high": sentence("high"),
    "medium": sentence("medium"),
    "low": sentence("low"),
}


def _chart(part: Table) -> Chart:
    at = {column.key: place for place, column in enumerate(part.columns)}
    pieces = (("lost", sentence("failed")), ("idle", sentence("held and not busy")))
    rows = tuple(
        {"name": row[0], "hours": row[at[key]] or 0.0, "kind": kind}
        for row in part.rows[:20]
        for key, kind in pieces
    )
    return Chart(
        Shape.STACK,
        part.title,
        rows,
        Axis("hours", sentence("GPU-hours"), format="~s"),
        Axis("name", "", AxisKind.NAME),
        Axis("kind", "", AxisKind.NAME),
    )
