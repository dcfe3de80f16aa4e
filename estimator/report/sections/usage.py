"""Section 4: what jobs asked for against what they used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.data import Data
from estimator.report.sections.common import (
    BY_TITLES,
    estimated,
    group_sums,
    named,
    ranked,
    table,
    table_of_rows,
)
from estimator.report.statistics import quantile
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.units import GIB

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class _Resource:
    """asked, used: of each job, in the same unit; weight: what a unit of it is held for."""

    key: str
    title: str
    asked: Any
    used: Any
    weight: Any

    @property
    def known(self) -> Any:
        return (self.asked > 0) & (self.used >= 0)


def usage(data: Data) -> Section:
    """Ratios of used to requested: device memory, host memory, CPU, time."""
    resources = _resources(data.frame)
    there = [one for one in resources if one.known.any()]
    lacking = tuple(
        sentence("{what}: no job says both what it asked for and what it took", what=one.title)
        for one in resources
        if not one.known.any()
    )
    tables = (_overall(there), *(_by_group(data, one) for one in there))
    return Section(
        "usage",
        sentence("Requested against used"),
        sentence("What jobs asked for, and how much of it they took at their peak."),
        tuple(_figure(one) for one in there),
        tables if there else (),
        (_chart(there),) if there else (),
        lacking=lacking,
    )


def _resources(frame: pd.DataFrame) -> list[_Resource]:
    hours = frame["seconds"] / 3600
    nodes = frame["node_count"].fillna(1.0)
    gib = hours / GIB
    return [
        _Resource(
            "device_memory",
            sentence("device memory"),
            frame["requested_gpu_memory_bytes"],
            frame["peak_device_bytes"],
            gib * frame["gpu_count"].fillna(1.0),
        ),
        _Resource(
            "host_memory",
            sentence("host memory"),
            frame["requested_memory_bytes"],
            frame["peak_memory_bytes"],
            gib * nodes,
        ),
        _Resource(
            "cpu",
            sentence("CPU"),
            frame["requested_cpu"] * nodes * frame["seconds"],
            frame["used_cpu_s"],
            1 / 3600,
        ),
        _Resource(
            "time", sentence("time"), frame["requested_duration_s"], frame["seconds"], 1 / 3600
        ),
    ]


def _ratio(one: _Resource) -> Any:
    return (one.used[one.known] / one.asked[one.known]).to_numpy("float64")


def _figure(one: _Resource) -> Figure:
    return estimated(
        f"{one.key}_used",
        sentence("{what}: share of the request that was used, median", what=one.title),
        quantile(_ratio(one), 0.5),
        Unit.SHARE,
        sentence("peak (or time, CPU time) over request, of jobs that say both"),
    )


def _overall(resources: list[_Resource]) -> Table:
    rows = []
    for one in resources:
        ratio = _ratio(one)
        spread = [quantile(ratio, share).value for share in (0.1, 0.5, 0.9, 0.99)]
        rows.append((one.title, len(ratio), *spread, float((ratio > 1).mean())))
    return table_of_rows(
        "used_of_requested",
        sentence("Used over requested"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("p10", sentence("10th percentile"), Unit.SHARE),
            Column("p50", sentence("median"), Unit.SHARE),
            Column("p90", sentence("90th percentile"), Unit.SHARE),
            Column("p99", sentence("99th percentile"), Unit.SHARE),
            Column("above", sentence("share of jobs above their request"), Unit.SHARE),
        ),
        rows,
    )


def _by_group(data: Data, one: _Resource) -> Table:
    known = one.known & (one.weight == one.weight)
    weight = one.weight[known] if hasattr(one.weight, "__getitem__") else one.weight
    asked, used = one.asked[known] * weight, one.used[known] * weight
    summed = group_sums(
        data.frame[known], data.by, {"asked": asked.to_numpy(), "used": used.to_numpy()}
    )
    summed["unused"] = summed["asked"] - summed["used"]
    top, _ = ranked(summed, "unused", 10_000)
    memory = one.key in ("device_memory", "host_memory")
    unit, titles = (Unit.GIB_HOURS, _HELD) if memory else (Unit.COUNT, _HOURS)
    return table(
        f"{one.key}_by_group",
        sentence("{what} by {group}", what=one.title, group=BY_TITLES[data.by]),
        (
            Column(data.by, BY_TITLES[data.by], Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("asked", titles[0], unit),
            Column("used", titles[1], unit),
            Column("unused", titles[2], unit),
            Column("share", sentence("share used"), Unit.SHARE),
        ),
        (
            named(top["name"]),
            top["jobs"],
            top["asked"],
            top["used"],
            top["unused"],
            top["used"] / top["asked"].where(top["asked"] > 0),
        ),
        note=sentence("a peak counts for the whole run, so what was used is an upper bound")
        if memory
        else "",
    )


_HELD = (
    sentence("asked for, times hours"),
    sentence("used, times hours"),
    sentence("not used, times hours"),
)
_HOURS = (sentence("hours asked for"), sentence("hours used"), sentence("hours not used"))
"""Of CPU cores and of jobs."""


def _chart(resources: list[_Resource]) -> Chart:
    rows = []
    for one in resources:
        low, middle, high = (quantile(_ratio(one), share).value for share in (0.1, 0.5, 0.9))
        rows.append({"what": one.title, "p10": low, "p50": middle, "p90": high})
    return Chart(
        Shape.INTERVALS,
        sentence("Used over requested: median, 10th to 90th percentile"),
        tuple(rows),
        Axis("p50", sentence("used over requested"), format=".0%"),
        Axis("what", "", AxisKind.NAME),
        band=("p10", "p90"),
    )
