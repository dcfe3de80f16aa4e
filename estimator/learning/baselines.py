"""The rules to beat: what others ship, and what the parts of ours reach alone."""

from __future__ import annotations

import math
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from estimator.learning.trace import Task, Trace


class Rule(Protocol):
    """Learns from jobs that ended, and says how much memory a job should ask for, in bytes."""

    def learn(self, task: Task) -> None: ...

    def ask(self, task: Task) -> float: ...


class UserRequest:
    """What the user asked for."""

    def learn(self, task: Task) -> None:
        """Nothing to learn."""

    def ask(self, task: Task) -> float:
        return task.requested


class DryStep:
    """The dry step's prediction, and the user's request where there is none."""

    def learn(self, task: Task) -> None:
        """Nothing to learn."""

    def ask(self, task: Task) -> float:
        return task.requested if task.prior is None else task.prior


@dataclass(frozen=True, slots=True)
class Margin:
    """A quantile of the template's past peaks times a margin.

    fewest: jobs of the template that must have ended before; below that the request stays.
    capped: never above the request.
    """

    quantile: float
    factor: float
    fewest: int = 1
    capped: bool = False


class QuantileRule:
    """``Margin`` applied to each template."""

    def __init__(self, margin: Margin) -> None:
        self._margin = margin
        self._peaks: dict[str, list[float]] = defaultdict(list)

    def learn(self, task: Task) -> None:
        insort(self._peaks[task.template], task.peak)

    def ask(self, task: Task) -> float:
        peaks, margin = self._peaks.get(task.template, []), self._margin
        if len(peaks) < margin.fewest:
            return task.requested
        asked = _quantile(peaks, margin.quantile) * margin.factor
        return min(asked, task.requested) if margin.capped else asked


def _quantile(ordered: list[float], share: float) -> float:
    """Linear between order statistics (Hyndman and Fan 1996, type 7)."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _rule(
    quantile: float, factor: float, fewest: int = 1, *, capped: bool = False
) -> Callable[[], Rule]:
    return lambda: QuantileRule(Margin(quantile, factor, fewest, capped))


BASELINES: dict[str, Callable[[], Rule]] = {
    "user_request": UserRequest,
    "krr_max_x1.15": _rule(1.0, 1.15),
    "vpa_p90_x1.15": _rule(0.9, 1.15),
    "capped_max_x1.15_n5": _rule(1.0, 1.15, 5, capped=True),
    "capped_max_x1.3_n5": _rule(1.0, 1.3, 5, capped=True),
    "capped_max_x1.5_n5": _rule(1.0, 1.5, 5, capped=True),
    "history_alone": _rule(1.0, 1.0),
}
"""By name. KRR's simple strategy: the maximum and 15 %. VPA: the 90th percentile and its safety
margin of 15 %, without the decay of old samples."""

_OF_PREDICTIONS: dict[str, Callable[[], Rule]] = {"dry_step_alone": DryStep}


def baselines_for(traces: Iterable[Trace]) -> dict[str, Callable[[], Rule]]:
    """The rules that these traces allow: those of predictions only where there are any."""
    predicted = any(task.prior is not None for trace in traces for task in trace.tasks)
    return {**BASELINES, **_OF_PREDICTIONS} if predicted else dict(BASELINES)
