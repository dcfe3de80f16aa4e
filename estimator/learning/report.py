"""An evaluation as plain values: what ``history evaluate --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from estimator.learning.advisor import Advisor
from estimator.learning.baselines import BASELINES
from estimator.learning.ending import Ending
from estimator.learning.evaluate import (
    Judged,
    Moment,
    coverage,
    in_order_of_time,
    median_errors,
    without_groups,
)
from estimator.learning.frames import Compared, Kinds, comparisons, kinds_of
from estimator.learning.replay import replay
from estimator.learning.state import Basis
from estimator.learning.trace import Task, Trace
from estimator.records.reading.problems import Tally

if TYPE_CHECKING:
    import pandas as pd

MOST_REPLAYED = 50_000
"""Jobs that the rules are replayed on, the latest ones."""


def evaluation(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry for each target and what it is held against."""
    kinds = kinds_of(frame)
    return [_one(compared, kinds) for compared in comparisons(frame) if len(compared.rows)]


def _one(compared: Compared, kinds: Kinds) -> dict[str, Any]:
    report: dict[str, Any] = {
        "target": compared.target.value,
        "held_against": compared.basis.value,
        "jobs": len(compared.rows),
        "killed": int(compared.killed.sum()),
        "time_ordered": _summed(in_order_of_time(compared, kinds)),
        "time_ordered_at_submission": _summed(in_order_of_time(compared, kinds, Moment.SUBMISSION)),
        "leave_template_out": _summed(without_groups(compared, kinds, kinds.kind[compared.rows])),
        "leave_gpu_type_out": _summed(without_groups(compared, kinds, kinds.gpu[compared.rows])),
    }
    if compared.basis is Basis.REQUESTED:
        report["rules"] = _rules(compared, kinds)
    return report


def _summed(judged: Sequence[Judged]) -> dict[str, Any] | None:
    if not judged:
        return None
    found, (alone, corrected) = coverage(judged), median_errors(judged)
    return {
        "jobs": found.jobs,
        "coverage": _texts(found.reached),
        "width_over_actual": _texts(found.width),
        "templates_of_100_jobs": found.templates,
        "templates_short_by_a_point": _texts(found.short),
        "worst_template": _texts(found.worst),
        "median_error_alone": alone,
        "median_error_corrected": corrected,
    }


def _texts(by_level: dict[float, Any]) -> dict[str, Any]:
    return {f"{level:g}": value for level, value in by_level.items()}


def _rules(compared: Compared, kinds: Kinds) -> dict[str, Any]:
    """Under rate and allocated / requested of each rule, replayed from submission to submission."""
    import numpy as np

    order = np.argsort(compared.submitted, kind="stable")[-MOST_REPLAYED:]
    tasks = tuple(_task(compared, kinds, int(place)) for place in order)
    rules = {"paddle_estimate": Advisor, **BASELINES}
    results = replay([Trace("records", tasks, Tally())], rules)
    return {
        name: {
            "tasks": result.scores[0].tasks,
            "under_rate": result.under_rate,
            "allocated_over_requested": result.scores[0].allocated_over_requested,
        }
        for name, result in results.items()
    }


def _task(compared: Compared, kinds: Kinds, place: int) -> Task:
    row = int(compared.rows[place])
    submitted, ended = float(compared.submitted[place]), float(compared.ended[place])
    seconds = float(compared.seconds[place])
    killed = Ending.OUT_OF_MEMORY if compared.out_of_memory[place] else Ending.STOPPED
    return Task(
        kinds.kind_of(row),
        float(compared.expected[place]),
        float(compared.least[place]),
        submitted,
        ended,
        ended - submitted if seconds != seconds else seconds,
        ending=killed if compared.killed[place] else Ending.BY_ITSELF,
    )
