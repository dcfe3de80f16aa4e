"""What looks wrong in the records that are there: said, never mended or dropped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from estimator.records.stores.base import Store
from estimator.units import MIB

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = (
    *("identifier", "origin", "job_id", "problems", "template", "status", "duration_s"),
    *("requested_memory_bytes", "peak_memory_bytes", "peak_device_bytes"),
    *("requested_gpu_memory_bytes", "submitted_at", "started_at", "finished_at"),
)
_EXAMPLES = 3
_LONG = 60.0
"""Seconds; a job that ran longer than this used more than a mebibyte."""
_FAR_ABOVE = 4.0


@dataclass(slots=True)
class Finding:
    """One kind of doubt: ``code`` for programs, ``meaning`` for people, how many, and which."""

    code: str
    meaning: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


_MEANINGS = {
    "refused_value": "a value was refused when it was imported",
    "small_memory": "peak memory below 1 MiB for a job of a minute: are these MiB or KiB?",
    "above_request": "peak host memory more than 4 times what was asked for: another unit?",
    "device_above_request": "peak device memory above the memory of the GPU",
    "clock_skew": "ended before it started, or started before it was submitted",
    "duration_differs": "duration is not the time from start to finish (by more than half)",
    "no_outcome": "nothing is known of how it ended or what it took",
    "no_template": "no template: jobs of one kind cannot be told from others",
    "same_job_id": "several records with one job_id",
}


def check(store: Store) -> list[Finding]:
    """Findings on all records, most frequent first; a column is read once, in batches."""
    findings = {code: Finding(code, meaning) for code, meaning in _MEANINGS.items()}
    ids: Counter[tuple[str, str]] = Counter()
    for frame in store.batches(_COLUMNS):
        for code, rows in _doubts(frame):
            _count(findings[code], frame, rows)
        known = frame[frame["job_id"].notna()]
        ids.update(zip(known["origin"], known["job_id"], strict=True))
    repeated = [job for (_, job), count in ids.items() if count > 1]
    findings["same_job_id"].count = len(repeated)
    findings["same_job_id"].examples = repeated[:_EXAMPLES]
    return sorted((one for one in findings.values() if one.count), key=lambda one: -one.count)


def _count(finding: Finding, frame: pd.DataFrame, rows: Any) -> None:
    finding.count += int(rows.sum())
    room = _EXAMPLES - len(finding.examples)
    finding.examples += frame.loc[rows, "identifier"].head(room).tolist()


def _doubts(frame: pd.DataFrame) -> Iterator[tuple[str, Any]]:
    """Code and rows of each doubt about single records; comparisons with unknown are false."""
    peak, device, took = frame["peak_memory_bytes"], frame["peak_device_bytes"], frame["duration_s"]
    start, end = frame["started_at"], frame["finished_at"]
    span = (end - start).dt.total_seconds()
    yield "refused_value", frame["problems"].notna()
    yield "small_memory", (peak.between(1, MIB) | device.between(1, MIB)) & (took > _LONG)
    yield "above_request", peak > _FAR_ABOVE * frame["requested_memory_bytes"]
    yield "device_above_request", device > frame["requested_gpu_memory_bytes"]
    yield "clock_skew", (end < start) | (start < frame["submitted_at"])
    yield "duration_differs", ((took - span).abs() > 0.5 * span) & (span > _LONG)
    outcome = frame[["status", "duration_s", "peak_memory_bytes", "peak_device_bytes"]]
    yield "no_outcome", outcome.isna().all(axis=1)
    yield "no_template", frame["template"].isna()
