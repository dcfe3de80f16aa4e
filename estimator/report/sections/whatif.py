"""Section 10: the same jobs with other GPUs, other limits, or our advice taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.advice import Change
from estimator.report.cluster import Cluster
from estimator.report.data import Data
from estimator.report.jobs import UNKNOWN
from estimator.report.sections.common import estimated, table_of_rows
from estimator.report.sections.packing import left_out_notes
from estimator.report.simulate.compare import (
    DEPTHS,
    Result,
    difference,
    mean_wait,
    nearer_depth,
    replay,
)
from estimator.report.simulate.engine import BACKFILL, FIFO
from estimator.report.simulate.scenario import (
    ADOPT,
    Scenario,
    changed_cluster,
    changed_jobs,
    usual_scenarios,
)
from estimator.report.simulate.trace import replayable
from estimator.report.statistics import Estimate
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.units import format_duration
from estimator.values import Missing, Source

if TYPE_CHECKING:
    import pandas as pd

RULES = {FIFO: sentence("first come, first served"), BACKFILL: sentence("backfill")}
_AS_IS, _ADOPTED = sentence("as it is"), sentence("all changes adopted")


def whatif(data: Data, changes: Sequence[Change], scenarios: Sequence[Scenario]) -> Section:
    """Waits, utilisation and cost of each what-if; scenarios: the usual ones where empty."""
    title = sentence("What if")
    about = sentence(
        "The same jobs replayed on another cluster, under other limits, or with our advice taken."
    )
    if isinstance(data.cluster, Missing):
        lacking = sentence("a replay needs to know the cluster: {why}", why=data.cluster.reason)
        return Section("whatif", title, about, lacking=(lacking,))
    found = replayable(data.every.with_gpus, data.cluster, "submitted")
    if not len(found.frame) or not data.cluster.gpus():
        lacking = sentence("no job can be placed on the nodes of the cluster")
        return Section("whatif", title, about, lacking=(lacking,))
    base = {depth: replay(found.frame, data.cluster, depth) for depth in DEPTHS}
    told = nearer_depth(found.frame, base)
    depth = BACKFILL if told is None else told
    now = _Now(found.frame, data.cluster, changes, base[depth], depth)
    asked = scenarios or usual_scenarios(data.cluster, changes)
    rows = [_Row(_AS_IS, data.cluster, base[depth], None), *map(now.replayed, asked)]
    results = _results(found.frame, rows)
    return Section(
        "whatif",
        title,
        about,
        _figures(found.frame, base[depth]),
        (results, _calibration(found.frame, base)),
        (_chart(results),),
        (
            _rule_note(told, depth),
            *_unexplained(found.frame, base[depth]),
            *_unused(found.frame, asked),
            *left_out_notes(found.left_out, found.thinned),
        ),
        _lacking(told, changes),
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """A what-if with its result; longer: how much longer jobs wait than as it is."""

    name: str
    cluster: Cluster
    result: Result
    longer: Estimate | None


@dataclass(frozen=True, slots=True)
class _Now:
    """What every what-if starts from."""

    frame: pd.DataFrame
    cluster: Cluster
    changes: Sequence[Change]
    base: Result
    depth: int

    def replayed(self, one: Scenario) -> _Row:
        cluster = changed_cluster(self.cluster, one)
        jobs = changed_jobs(self.frame, self.changes) if one.adopt else self.frame
        result = replay(jobs, cluster, self.depth)
        name = _ADOPTED if one.name == ADOPT else one.name
        return _Row(name, cluster, result, difference(self.frame, result.waits, self.base.waits))


def _unexplained(frame: pd.DataFrame, base: Result) -> tuple[str, ...]:
    """A note where the trace's own waits are far from those of the replay."""
    own, ours = mean_wait(frame, frame["wait"].to_numpy("float64")), mean_wait(frame, base.waits)
    if own is None or ours is None or max(own.value, ours.value) < _SHORT:
        return ()
    if min(own.value, ours.value) * _FAR >= max(own.value, ours.value):
        return ()
    return (
        sentence(
            "the trace's jobs waited {own} in the mean, the replay's {ours}: something else than "
            "the number of GPUs of this cluster decides, so take differences with care",
            own=format_duration(own.value),
            ours=format_duration(ours.value),
        ),
    )


def _unused(frame: pd.DataFrame, asked: Sequence[Scenario]) -> tuple[str, ...]:
    """Notes on queues that no job is in and GPU types that no job asks for: they change nothing."""
    queues = dict.fromkeys(name for one in asked for name, _ in one.queues)
    types = dict.fromkeys(name for one in asked for name, _ in (*one.gpus, *one.mix))
    in_queues, on_types = set(frame["queue"].unique()), set(frame["gpu"].unique())
    return (
        *(
            sentence("no job is in queue {name}: its limit changes nothing", name=name)
            for name in queues
            if name not in in_queues
        ),
        *(
            sentence("no job asks for GPU type {name}: more of it changes nothing", name=name)
            for name in types
            # jobs that do not say their type take any
            if name not in on_types and on_types != {UNKNOWN}
        ),
    )


_SHORT, _FAR = 5.0, 2.0
"""Seconds of waiting that matter to nobody, and how far apart two means are far apart."""


def _figures(frame: pd.DataFrame, base: Result) -> tuple[Figure, ...]:
    wait = mean_wait(frame, base.waits)
    how = sentence("of the replay as it is; bounded by drawing whole weeks again")
    title = sentence("share of GPU-hours held, as it is")
    share = replace(base.utilisation, n=len(frame))
    over = sentence("from the first arrival to the last end; bounded by drawing weeks again")
    found = [estimated("utilisation", title, share, Unit.SHARE, over)]
    if wait is not None:
        title = sentence("mean wait, as it is")
        found.append(estimated("mean_wait", title, wait, Unit.SECONDS, how))
    return tuple(replace(figure, source=Source.VIRTUAL) for figure in found)


def _results(frame: pd.DataFrame, rows: Sequence[_Row]) -> Table:
    cells = [_cells(frame, row) for row in rows]
    columns = (
        Column("what", sentence("what if"), Unit.TEXT),
        Column("gpus", sentence("GPUs"), Unit.GPUS),
        Column("wait", sentence("mean wait"), Unit.SECONDS),
        Column("wait_p90", sentence("wait, 90th percentile"), Unit.SECONDS),
        Column("longer", sentence("longer than now"), Unit.SECONDS),
        Column("longer_lower", sentence("at least (95 %)"), Unit.SECONDS),
        Column("longer_upper", sentence("at most (95 %)"), Unit.SECONDS),
        Column("utilisation", sentence("share held"), Unit.SHARE),
        Column("utilisation_lower", sentence("at least (95 %)"), Unit.SHARE),
        Column("utilisation_upper", sentence("at most (95 %)"), Unit.SHARE),
        Column("cost", sentence("cost of the cluster, a week"), Unit.MONEY),
        Column("never", sentence("jobs that never fit"), Unit.COUNT),
    )
    return table_of_rows(
        "scenarios",
        sentence("What each would change"),
        columns,
        cells,
        note=sentence("jobs and their running times are those of the trace; only waits differ"),
    )


def _cells(frame: pd.DataFrame, row: _Row) -> tuple[Any, ...]:
    import numpy as np

    waits = row.result.waits
    known = waits[np.isfinite(waits)]
    longer, share = row.longer, row.result.utilisation
    return (
        row.name,
        sum(row.cluster.gpus().values()),
        float(known.mean()) if len(known) else None,
        float(np.quantile(known, 0.9)) if len(known) else None,
        None if longer is None else longer.value,
        None if longer is None else longer.lower,
        None if longer is None else longer.upper,
        share.value,
        share.lower,
        share.upper,
        row.result.cost,
        int(len(waits) - len(known)),
    )


def _calibration(frame: pd.DataFrame, base: dict[int, Result]) -> Table:
    import numpy as np

    own = frame["wait"].to_numpy("float64")
    told = np.isfinite(own) & (own >= 0)
    series = {sentence("the trace itself"): own, **{RULES[d]: r.waits for d, r in base.items()}}
    rows = []
    for name, waits in series.items():
        known = waits[np.isfinite(waits) & (told if told.any() else True)]
        if len(known):
            quantiles = np.quantile(known, [0.5, 0.9, 0.99])
            rows.append((name, len(known), known.mean(), *quantiles, (known > 1).mean()))
    return table_of_rows(
        "calibration",
        sentence("The replay against the trace's own waits"),
        (
            Column("what", sentence("what"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("mean", sentence("mean wait"), Unit.SECONDS),
            Column("p50", sentence("wait, median"), Unit.SECONDS),
            Column("p90", sentence("wait, 90th percentile"), Unit.SECONDS),
            Column("p99", sentence("wait, 99th percentile"), Unit.SECONDS),
            Column("waited", sentence("jobs that waited over 1 s"), Unit.SHARE),
        ),
        rows,
    )


def _rule_note(told: int | None, depth: int) -> str:
    if told is None:
        return sentence("replayed with {rule}", rule=RULES[depth])
    return sentence(
        "replayed with {rule}, whose mean wait is nearer to the trace's own", rule=RULES[depth]
    )


def _lacking(told: int | None, changes: Sequence[Change]) -> tuple[str, ...]:
    said: list[str] = []
    if told is None:
        said.append(
            sentence("the trace does not say how long jobs waited: the replay cannot be checked")
        )
    if not changes:
        said.append(sentence("there is no change to adopt"))
    return tuple(said)


def _chart(results: Table) -> Chart:
    rows = tuple({"name": row[0], "hours": (row[2] or 0.0)} for row in results.rows)
    return Chart(
        Shape.BARS,
        sentence("Mean wait of each what-if"),
        tuple({**row, "hours": float(row["hours"]) / 3600} for row in rows),  # type: ignore[arg-type]
        Axis("hours", sentence("mean wait (h)")),
        Axis("name", "", AxisKind.NAME),
    )
