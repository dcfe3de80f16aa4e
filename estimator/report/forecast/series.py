"""Daily series of demand out of jobs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from estimator.report.data import Data
from estimator.report.occupancy import by_step

if TYPE_CHECKING:
    import pandas as pd

MOST_GROUPS = 5
"""Teams, and GPU types, that get a forecast of their own: those with most GPU-hours."""
_THIN = 0.1


@dataclass(frozen=True, slots=True)
class Series:
    """kind: ``jobs``, ``all``, ``team`` or ``gpu``; name: which. first: the day it begins."""

    kind: str
    name: str
    first: datetime
    daily: Any


def series_of(data: Data) -> Iterator[Series]:
    """Jobs submitted a day, then GPU-hours a day: of all, of the largest teams and GPU types."""
    frame, bounds = data.every.with_gpus, _days(data)
    if len(bounds) < 2 or not len(frame):
        return
    yield _series("jobs", "", bounds, _arrivals(frame, bounds))
    yield _series("all", "", bounds, _hours(data, frame, bounds))
    for kind in ("team", "gpu"):
        names = frame[kind]
        summed = frame["hours"].groupby(names, observed=True).sum()
        largest = summed.sort_values(ascending=False)
        for name in largest.index[:MOST_GROUPS]:
            if name and len(largest) > 1:
                hours = _hours(data, frame[names == name], bounds)
                yield _series(kind, str(name), bounds, hours)


def _days(data: Data) -> list[float]:
    """Bounds of whole days of the report's time zone, from the first job that is known on.

    What was before the window teaches, too. The last day of the data is not whole.
    """
    known = float(data.every.frame["submitted"].min())
    if not math.isfinite(known):
        return []
    start, end = datetime.fromtimestamp(known, data.zone), data.window.end.astimezone(data.zone)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    bounds = []
    while day <= end:
        bounds.append(day.timestamp())
        day += timedelta(days=1)
    return bounds


def _arrivals(frame: pd.DataFrame, bounds: list[float]) -> Any:
    import numpy as np

    submitted = frame["submitted"].to_numpy("float64")
    return np.histogram(submitted[np.isfinite(submitted)], bounds)[0].astype("float64")


def _hours(data: Data, frame: pd.DataFrame, bounds: list[float]) -> Any:
    """GPU-hours of each day, as of a day of 24 hours: daylight saving is no change of demand."""
    import numpy as np

    lengths = np.array([(after - before) / 86_400 for before, after in pairwise(bounds)])
    return by_step(frame, bounds, data.every.start).clip(min=0.0) / lengths


def _series(kind: str, name: str, bounds: list[float], daily: Any) -> Series:
    first = _begins(daily)
    return Series(kind, name, datetime.fromtimestamp(bounds[first], UTC), daily[first:])


def _begins(daily: Any) -> int:
    """The first day of the first week that reaches a tenth of the usual: before, records are thin.

    A log seldom begins with the cluster; its first days have next to no jobs.
    """
    import numpy as np

    if not (daily > 0).any() or len(daily) < 7:
        return 0
    usual = float(np.median(daily[daily > 0]))
    weekly = np.convolve(daily, np.ones(7) / 7, mode="valid")
    return int(np.argmax(weekly >= _THIN * usual))
