"""Another GPU type, where the same job cost less on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from estimator.messages import sentence
from estimator.records.types import Status
from estimator.report.advice.types import (
    FEWEST,
    GPU_TYPE,
    MATTERS,
    Change,
    Confidence,
    Prices,
    enough,
)
from estimator.report.jobs import UNKNOWN, looked_up

if TYPE_CHECKING:
    import pandas as pd


def gpu_changes(frame: pd.DataFrame, prices: Prices) -> Iterator[Change]:
    """Templates whose jobs succeeded on several GPU types, on one of them for less money."""
    done = frame[(frame["status"] == Status.SUCCEEDED) & (frame["hours"] > 0)]
    done = done[(done["template"] != UNKNOWN) & (done["gpu"] != UNKNOWN)]
    cost = done["hours"] * looked_up(done["gpu"], prices.gpu_hour)
    # only jobs that train the same thing on as many GPUs are compared
    keys = ["template", "model", "per_device_batch_size", "gpu_count"]
    priced = done[[*keys, "gpu", "hours"]].assign(cost=cost)[cost.notna()]
    found = priced.groupby([*keys, "gpu"], observed=True, dropna=False).agg(
        jobs=("cost", "size"), mean=("cost", "mean"), std=("cost", "std"), hours=("hours", "mean")
    )
    told = found[found["jobs"] >= FEWEST].reset_index()
    told = told[told.duplicated(keys, keep=False)]
    for key, types in told.groupby(keys, observed=True, dropna=False):
        yield from _gpu_change(str(key[0]), _costs(types))


@dataclass(frozen=True, slots=True)
class _Cost:
    """What jobs of one kind cost on one GPU type. hours: GPU-hours of one, in the mean."""

    gpu: str
    jobs: int
    mean: float
    error: float
    hours: float

    @property
    def whole(self) -> float:
        return self.mean * self.jobs


def _costs(types: pd.DataFrame) -> list[_Cost]:
    """Cheapest type first."""
    error = types["std"] / types["jobs"] ** 0.5
    columns = (types["gpu"], types["jobs"], types["mean"], error, types["hours"])
    found = [
        _Cost(str(gpu), int(jobs), float(mean), float(off), float(hours))
        for gpu, jobs, mean, off, hours in zip(*columns, strict=True)
    ]
    return sorted(found, key=lambda one: one.mean)


def _gpu_change(template: str, costs: list[_Cost]) -> Iterator[Change]:
    """Changes to the cheapest type, from those that cost more beyond doubt (two errors)."""
    for other in costs[1:]:
        best, saved = costs[0], other.whole - costs[0].mean * other.jobs
        sure = other.mean - best.mean > 2 * (other.error**2 + best.error**2) ** 0.5
        if sure and saved >= MATTERS * other.whole:
            yield _to_type(template, other, best)


def _to_type(template: str, other: _Cost, best: _Cost) -> Change:
    sure = enough(min(best.jobs, other.jobs))
    reason = sentence(
        "a job cost {mean} on {best} ({n} jobs) and {more} on {gpu} ({m} jobs)",
        mean=f"{best.mean:.3g}",
        best=best.gpu,
        n=best.jobs,
        more=f"{other.mean:.3g}",
        gpu=other.gpu,
        m=other.jobs,
    )
    return Change(
        template=template,
        target=GPU_TYPE,
        before=other.gpu,
        after=best.gpu,
        jobs=best.jobs + other.jobs,
        affected=other.jobs,
        gib_hours=0.0,
        money=(other.mean - best.mean) * other.jobs,
        risk=None,
        confidence=Confidence.HIGH if sure else Confidence.MEDIUM,
        reasons=(reason,),
        diff=f" policy:\n-  gpu_types: [{other.gpu}]\n+  gpu_types: [{best.gpu}]",
        seconds_ratio=best.hours / other.hours,
    )
