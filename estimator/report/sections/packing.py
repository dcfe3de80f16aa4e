"""Section 8: GPUs that are free and of no use, and the largest job that fits."""

from __future__ import annotations

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.messages import sentence
from estimator.report.data import Data
from estimator.report.sections.common import named, table, table_of_rows
from estimator.report.simulate.engine import BACKFILL, PoolWatch, Rules, simulate
from estimator.report.simulate.trace import Pools, one_pool, pools_of, replayable, work_of
from estimator.report.types import Column, Figure, Section, Table, Unit
from estimator.values import Missing, Source


def packing(data: Data) -> Section:
    """Every job placed on the cluster's nodes when it started, or was submitted."""
    title = sentence("Packing")
    about = sentence(
        "Each job placed on the nodes at the moment it started: which GPUs are free and of no "
        "use, and the largest job that still fits."
    )
    if isinstance(data.cluster, Missing):
        lacking = sentence("placement of jobs on nodes: {why}", why=data.cluster.reason)
        return Section("packing", title, about, lacking=(lacking,))
    found = replayable(data.every.with_gpus, data.cluster, data.every.start)
    frame = found.frame
    if not len(frame) or not data.cluster.gpus():
        lacking = sentence("no job can be placed on the nodes of the cluster")
        return Section("packing", title, about, lacking=(lacking,))
    memory = bool(frame["requested_memory_bytes"].notna().any())
    pools = pools_of(data.cluster, together=one_pool(frame, data.cluster), memory=memory)
    work = work_of(frame, pools, data.every.start)
    outcome = simulate(work, pools.nodes, Rules(BACKFILL), watch=True)
    late = int((outcome.started > work.submitted + 1).sum())
    never = int((outcome.started != outcome.started).sum())
    gangs = _gangs(pools, outcome.watches)
    return Section(
        "packing",
        title,
        about,
        _figures(outcome.watches, len(frame)),
        (_pools(pools, outcome.watches), gangs),
        (_chart(gangs),),
        _notes(late, never, found.left_out, found.thinned, len(frame)),
    )


def _figures(watches: tuple[PoolWatch, ...], jobs: int) -> tuple[Figure, ...]:
    hours = sum(watch.seconds for watch in watches) / 3600
    stranded = sum(watch.stranded for watch in watches) / 3600
    how = sentence("free GPU-hours while a job waited that would fit into their number, not places")
    return (
        Figure(
            "stranded",
            sentence("stranded GPUs"),
            stranded,
            Unit.GPU_HOURS,
            jobs,
            how,
            source=Source.VIRTUAL,
        ),
        Figure(
            "observed",
            sentence("hours simulated, all GPU types together"),
            hours,
            Unit.COUNT,
            jobs,
            sentence("from the first arrival to the last end"),
            source=Source.VIRTUAL,
        ),
    )


def _pools(pools: Pools, watches: tuple[PoolWatch, ...]) -> Table:
    totals = [sum(node.gpus for node in nodes) for nodes in pools.nodes]
    seconds = [watch.seconds or 1.0 for watch in watches]
    return table(
        "pools",
        sentence("GPUs held and stranded by type"),
        (
            Column("gpu", sentence("GPU type"), Unit.TEXT),
            Column("gpus", sentence("GPUs"), Unit.GPUS),
            Column("held", sentence("mean GPUs held"), Unit.GPUS),
            Column("stranded", sentence("mean GPUs stranded"), Unit.GPUS),
            Column("stranded_hours", sentence("GPU-hours stranded"), Unit.GPU_HOURS),
        ),
        (
            named(pools.names) if len(pools.names) > 1 else [sentence("all GPUs")],
            totals,
            [watch.held / length for watch, length in zip(watches, seconds, strict=True)],
            [watch.stranded / length for watch, length in zip(watches, seconds, strict=True)],
            [watch.stranded / 3600 for watch in watches],
        ),
    )


def _gangs(pools: Pools, watches: tuple[PoolWatch, ...]) -> Table:
    rows = []
    names = named(pools.names) if len(pools.names) > 1 else [sentence("all GPUs")]
    for name, watch in zip(names, watches, strict=True):
        for what, seconds in (
            (sentence("on one node"), watch.on_node),
            (sentence("on several nodes"), watch.gang),
        ):
            rows.append((name, what, *(_reached(seconds, share) for share in (0.01, 0.1, 0.5))))
    return table_of_rows(
        "largest_gang",
        sentence("Largest job that fits, by share of the time"),
        (
            Column("gpu", sentence("GPU type"), Unit.TEXT),
            Column("where", sentence("where"), Unit.TEXT),
            Column("always", sentence("GPUs that fit 99 % of the time"), Unit.GPUS),
            Column("mostly", sentence("90 % of the time"), Unit.GPUS),
            Column("half", sentence("half of the time"), Unit.GPUS),
        ),
        rows,
    )


def _reached(seconds: dict[int, float], share: float) -> int | None:
    """The size that fits all of the time but a share of it."""
    left = share * sum(seconds.values())
    for size in sorted(seconds):
        left -= seconds[size]
        if left < 0:
            return size
    return None


def _notes(late: int, never: int, left_out: int, thinned: int, jobs: int) -> tuple[str, ...]:
    said: list[str] = []
    if late:
        said.append(
            sentence(
                "{count} of {jobs} jobs found no room at their moment and waited: the cluster "
                "had more GPUs than described, or jobs shared them",
                count=late,
                jobs=jobs,
            )
        )
    if never:
        said.append(sentence("{count} jobs are larger than the cluster", count=never))
    return (*said, *left_out_notes(left_out, thinned))


def left_out_notes(left_out: int, thinned: int) -> tuple[str, ...]:
    """What a replay leaves out."""
    said: list[str] = []
    if left_out:
        said.append(
            sentence(
                "{count} jobs with GPUs are not replayed: they never ran, have no time, or name a "
                "GPU type that the cluster does not have",
                count=left_out,
            )
        )
    if thinned:
        said.append(sentence("{count} earlier jobs are not replayed", count=thinned))
    return tuple(said)


def _chart(gangs: Table) -> Chart:
    rows = tuple(
        {"name": sentence("{name}, {where}", name=row[0], where=row[1]), "gpus": row[3]}
        for row in gangs.rows
        if row[3] is not None
    )
    return Chart(
        Shape.BARS,
        sentence("Largest job that fits 90 % of the time"),
        rows,
        Axis("gpus", sentence("GPUs of a job")),
        Axis("name", "", AxisKind.NAME),
    )
