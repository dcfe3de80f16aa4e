"""GPUs that were held and not busy: fewer of them, or a share of one.

The busy GPUs of a job are its GPUs times their mean use. What nearly all past jobs of a template
stayed below, with headroom because a mean hides bursts, is what it should ask for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from estimator.messages import sentence
from estimator.records.types import Status
from estimator.report.advice.learning import templates
from estimator.report.advice.types import (
    CONTAINER,
    GPU_COUNT,
    Change,
    Confidence,
    Prices,
    confidence,
)
from estimator.report.jobs import looked_up
from estimator.report.statistics import Estimate, quantile

if TYPE_CHECKING:
    import pandas as pd

_JOB = ("gpu", "hours", "gpus", "status", "peak_device_bytes")
_COVERED = 0.95
"""Share of the jobs that are to find as many GPUs as they keep busy."""
_HEADROOM = 1.25
"""GPUs asked for over GPUs that are busy in the mean."""
_SAVES = 0.25
"""Share of its GPUs that a template must give up for the change to be worth making."""
_STEP = 0.1
"""Shares of a GPU are given in tenths."""


def idle_changes(frame: pd.DataFrame, prices: Prices) -> Iterator[Change]:
    """Of the templates whose GPUs were idle the longest, by jobs that ended well."""
    ended = frame[frame["status"].isin((Status.SUCCEEDED, "")) & (frame["hours"] > 0)]
    idle = ended["hours"] * (1 - ended["gpu_utilization"].clip(upper=1.0))
    for key, part in templates(ended, "gpu_utilization", _JOB, idle):
        yield from _idle_change(key[0], part, prices)


def _idle_change(template: str, part: pd.DataFrame, prices: Prices) -> Iterator[Change]:
    before = float(part["gpus"].mode().iloc[0])
    jobs = part[part["gpus"] == before]
    busy = quantile(jobs["gpu_utilization"].clip(upper=1.0) * before, _COVERED)
    after = _fewer(busy.upper * _HEADROOM)
    if before < 1 or after > (1 - _SAVES) * before:
        return
    saved = jobs["hours"] * (1 - after / before)
    cost = saved * looked_up(jobs["gpu"], prices.gpu_hour)
    yield Change(
        template=template,
        target=GPU_COUNT,
        before=before,
        after=after,
        jobs=len(jobs),
        affected=len(jobs),
        gib_hours=0.0,
        money=float(cost.sum()) if cost.notna().any() else None,
        risk=_risk(jobs, before, after),
        confidence=_confidence(jobs, before, after),
        reasons=_reasons(jobs, busy, after),
        diff=_share_diff(after) if after < 1 else _count_diff(before, after),
        gpu_hours=float(saved.sum()),
    )


def _fewer(wanted: float) -> float:
    """Whole GPUs, or a share of one in tenths."""
    if wanted > 1 - _STEP:
        return float(math.ceil(wanted))
    return round(max(1, math.ceil(wanted / _STEP)) * _STEP, 1)


def _risk(jobs: pd.DataFrame, before: float, after: float) -> float:
    """That the next job is busier than what it asks for, by its rank among the past ones."""
    above = int((jobs["gpu_utilization"] * before > after).sum())
    return (above + 1) / (len(jobs) + 1)


def _confidence(jobs: pd.DataFrame, before: float, after: float) -> Confidence:
    """Who shares a GPU shares its memory: not much is sure where nobody knows how much is taken."""
    if after < 1 and not jobs["peak_device_bytes"].notna().any():
        return Confidence.LOW
    return confidence(len(jobs), _risk(jobs, before, after))


def _reasons(jobs: pd.DataFrame, busy: Estimate, after: float) -> tuple[str, ...]:
    said: list[str] = [
        sentence(
            "95 % of {count} past jobs kept at most {busy} of their GPUs busy in the mean; 25 % "
            "more are left for bursts",
            count=len(jobs),
            busy=f"{busy.upper:.2g}",
        )
    ]
    if after < 1 and not jobs["peak_device_bytes"].notna().any():
        said.append(sentence("how much device memory they take is not known: look at it first"))
    return tuple(said)


def _share_diff(after: float) -> str:
    cores = f"+          nvidia.com/gpucores: {round(after * 100)}"
    sharing = ("-  sharing: none", "+  sharing: hami")
    return "\n".join([" training:", *sharing, *CONTAINER, "         limits:", cores])


def _count_diff(before: float, after: float) -> str:
    return f" policy:\n-  max_gpus: {before:g}\n+  max_gpus: {after:g}"
