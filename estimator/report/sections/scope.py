"""Section 1: which jobs, and how much is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.types import Status
from estimator.report.data import Data
from estimator.report.jobs import UNKNOWN
from estimator.report.sections.common import table
from estimator.report.types import Column, Figure, Section, Table, Unit

if TYPE_CHECKING:
    import pandas as pd

_FIELDS = {
    "submitted_at": sentence("time of submission"),
    "started_at": sentence("time of start"),
    "finished_at": sentence("time of end"),
    "duration_s": sentence("duration"),
    "status": sentence("how it ended"),
    "team": sentence("team"),
    "user": sentence("user"),
    "template": sentence("template"),
    "gpu": sentence("GPU type"),
    "gpu_count": sentence("GPU count"),
    "requested_duration_s": sentence("time limit"),
    "requested_memory_bytes": sentence("host memory asked for"),
    "peak_memory_bytes": sentence("peak host memory"),
    "requested_gpu_memory_bytes": sentence("device memory asked for"),
    "peak_device_bytes": sentence("peak device memory"),
    "requested_cpu": sentence("CPU cores asked for"),
    "used_cpu_s": sentence("CPU time used"),
    "gpu_utilization": sentence("GPU utilisation"),
    "tool_version": sentence("our prediction"),
}


_STATUSES = {
    UNKNOWN: sentence("(not known)"),
    Status.PENDING: sentence("pending"),
    Status.RUNNING: sentence("running"),
    Status.SUCCEEDED: sentence("succeeded"),
    Status.FAILED: sentence("failed"),
    Status.OUT_OF_MEMORY: sentence("out of memory"),
    Status.KILLED: sentence("killed"),
    Status.CANCELLED: sentence("cancelled"),
    Status.TIMEOUT: sentence("ran into its time limit"),
    Status.PREEMPTED: sentence("preempted"),
    Status.NODE_FAILURE: sentence("lost its node"),
}


def scope(data: Data) -> Section:
    """Counts, how jobs ended, what is known of them, and what cannot be true."""
    fields = _completeness(data.frame)
    empty = tuple(row[0] for row in fields.rows if not row[1])
    lacking = (sentence("no job says: {fields}", fields=empty),)
    return Section(
        "scope",
        sentence("Scope and quality of the data"),
        sentence("Which jobs this report is about, and how much is known of them."),
        tuple(_figures(data)),
        (_statuses(data.frame), fields, _doubts(data.frame)),
        lacking=lacking if empty and len(data.frame) else (),
    )


def _figures(data: Data) -> Iterator[Figure]:
    frame, every = data.frame, len(data.every)
    count, with_gpus = len(frame), int((frame["gpus"] > 0).sum())
    hours = frame["hours"]
    yield Figure(
        "jobs",
        sentence("jobs"),
        count,
        Unit.COUNT,
        every,
        sentence("submitted in the window, of all {count} that are known", count=every),
    )
    yield Figure(
        "gpu_jobs",
        sentence("jobs with GPUs"),
        with_gpus,
        Unit.COUNT,
        count,
        sentence("jobs that asked for at least a share of a GPU"),
    )
    yield Figure(
        "gpu_hours",
        sentence("GPU-hours"),
        float(hours.sum()),
        Unit.GPU_HOURS,
        int(hours.notna().sum()),
        sentence("GPUs times running time, summed over jobs of which both are known"),
    )
    yield Figure(
        "running",
        sentence("still running"),
        int(frame["running"].sum()),
        Unit.COUNT,
        count,
        sentence(
            "started and not ended at {moment}, the last moment of the data; counted until then",
            moment=f"{datetime.fromtimestamp(data.every.as_of, data.zone):%Y-%m-%d %H:%M %Z}",
        ),
    )


def _statuses(frame: pd.DataFrame) -> Table:
    counted = frame.assign(known=frame["hours"].fillna(0.0)).groupby("status", observed=True)
    summed = counted.agg(jobs=("known", "size"), hours=("known", "sum")).reset_index()
    summed = summed.sort_values(["hours", "jobs"], ascending=False)
    return table(
        "statuses",
        sentence("How jobs ended"),
        (
            Column("status", sentence("status"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("jobs_share", sentence("share of jobs"), Unit.SHARE),
            Column("gpu_hours", sentence("GPU-hours"), Unit.GPU_HOURS),
            Column("gpu_hours_share", sentence("share of GPU-hours"), Unit.SHARE),
        ),
        (
            [_STATUSES.get(str(status), str(status)) for status in summed["status"]],
            summed["jobs"],
            summed["jobs"] / max(len(frame), 1),
            summed["hours"],
            summed["hours"] / (summed["hours"].sum() or 1.0),
        ),
    )


def _completeness(frame: pd.DataFrame) -> Table:
    known = [int(_known(frame[name]).sum()) for name in _FIELDS]
    return table(
        "completeness",
        sentence("What is known of the jobs"),
        (
            Column("field", sentence("field"), Unit.TEXT),
            Column("known", sentence("jobs that say it"), Unit.COUNT),
            Column("share", sentence("share of jobs"), Unit.SHARE),
        ),
        (list(_FIELDS.values()), known, [count / max(len(frame), 1) for count in known]),
    )


def _known(values: pd.Series[Any]) -> Any:
    if str(values.dtype) == "category":
        return values != ""
    return values.notna()


def _doubts(frame: pd.DataFrame) -> Table:
    peak, asked = frame["peak_memory_bytes"], frame["requested_memory_bytes"]
    found = {
        sentence("started before it was submitted"): frame["wait"] < 0,
        sentence("peak host memory above 4 times the request: another unit?"): peak > 4 * asked,
        sentence("ended, but nobody says how long it ran"): frame["seconds"].isna(),
        sentence("no GPU count, so no GPU-hours"): frame["gpus"].isna(),
        sentence("no time at all, so in no figure over time"): frame["submitted"].isna(),
        sentence("a finished job of no length"): (frame["seconds"] == 0) & ~frame["ended"].isna(),
    }
    counts = {what: int(rows.sum()) for what, rows in found.items()}
    shown = {what: count for what, count in counts.items() if count}
    return table(
        "doubts",
        sentence("What looks wrong or is missing"),
        (
            Column("doubt", sentence("doubt"), Unit.TEXT),
            Column("jobs", sentence("jobs"), Unit.COUNT),
            Column("share", sentence("share of jobs"), Unit.SHARE),
        ),
        (list(shown), list(shown.values()), [n / max(len(frame), 1) for n in shown.values()]),
        note=sentence("these jobs are counted in every figure for which they say enough"),
    )
