"""Ways to continue a daily series, all in logarithms of (1 + value).

They continue a level and the pattern of a week and no trend: over months a trend of GPU demand
seldom lasts, and a forecast that follows one is soon off by several times.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any

WEEK = 7
NAIVE, COMBINED = "naive", "combination"
_AVERAGED = 4
"""Weeks of the average."""
_PROFILE = 8
"""Weeks that the pattern of a week is taken from."""


def one_thread() -> AbstractContextManager[Any]:
    """For many fits in a row: each has two numbers, and threads of BLAS only wait for each other.

    What is to be limited must have been loaded before.
    """
    import statsmodels.tsa.holtwinters  # noqa: F401
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)  # type: ignore[no-any-return]


def naive(logs: Any, days: int) -> Any:
    """The last week again and again: what any other way has to beat."""
    import numpy as np

    return np.resize(logs[-WEEK:], days)


def average(logs: Any, days: int) -> Any:
    """Each day of the week as in the mean of the last four."""
    import numpy as np

    return np.resize(_weeks(logs)[-_AVERAGED:].mean(axis=0), days)


def smoothing(logs: Any, days: int) -> Any:
    """Simple exponential smoothing of the weekly level (statsmodels), with the week's pattern."""
    import numpy as np
    from statsmodels.tsa.holtwinters import SimpleExpSmoothing

    weeks = _weeks(logs)
    levels = weeks.mean(axis=1)
    pattern = (weeks - levels[:, None])[-_PROFILE:].mean(axis=0)
    if np.ptp(levels) == 0:
        level = levels[-1]  # nothing to fit
    else:
        fitted = SimpleExpSmoothing(levels, initialization_method="estimated").fit()
        level = fitted.forecast(1)[0]
    return np.resize(pattern + level, days)


_SINGLE: Mapping[str, Callable[[Any, int], Any]] = MappingProxyType(
    {NAIVE: naive, "average": average, "smoothing": smoothing}
)
MODELS = (*_SINGLE, COMBINED)
"""By name; the combination is the mean of the others."""


def continued(logs: Any, days: int) -> dict[str, Any]:
    """The days that follow at least two weeks of days, by model."""
    said = {name: model(logs, days) for name, model in _SINGLE.items()}
    return {**said, COMBINED: sum(said.values()) / len(said)}


def _weeks(logs: Any) -> Any:
    """Whole weeks, the last one ending with the last day."""
    return logs[len(logs) % WEEK :].reshape(-1, WEEK)
