"""An evaluation as plain values: what ``history evaluate --json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from estimator.learning.advisor import Advisor
from estimator.learning.baselines import BASELINES
from estimator.learning.coverage import OfTemplate, Share, coverage
from estimator.learning.ending import Ending
from estimator.learning.evaluate import (
    Moment,
    in_order_of_time,
    median_errors,
    without_groups,
)
from estimator.learning.fanout import FanOuts, each_fan_out_once
from estimator.learning.frames import Compared, Kinds, comparisons, kinds_of
from estimator.learning.judged import Judged
from estimator.learning.replay import replay
from estimator.learning.state import Basis
from estimator.learning.trace import Task, Trace
from estimator.records.reading.problems import Tally
from estimator.records.types import Target

if TYPE_CHECKING:
    import pandas as pd

MOST_REPLAYED = 50_000
"""Jobs that the rules are replayed on, the latest ones."""


def evaluation(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One entry for each target and what it is held against."""
    kinds = kinds_of(frame)
    return [_one(compared, kinds) for compared in comparisons(frame) if len(compared.rows)]


def _one(compared: Compared, kinds: Kinds) -> dict[str, Any]:
    target, rows = compared.target, compared.rows
    by_completion = in_order_of_time(compared, kinds)
    by_submission = in_order_of_time(compared, kinds, Moment.SUBMISSION)
    report: dict[str, Any] = {
        "target": compared.target.value,
        "held_against": compared.basis.value,
        "jobs": len(compared.rows),
        "killed": int(compared.killed.sum()),
        "time_ordered": _summed(by_completion, target),
        "time_ordered_at_submission": _summed(by_submission, target),
        "fan_outs_at_submission": _fan_outs(each_fan_out_once(by_submission, compared)),
        "leave_template_out": _summed(without_groups(compared, kinds, kinds.kind[rows]), target),
        "leave_gpu_type_out": _summed(without_groups(compared, kinds, kinds.gpu[rows]), target),
    }
    if compared.basis is Basis.REQUESTED:
        report["rules"] = _rules(compared, kinds)
    return report


def _summed(judged: Sequence[Judged], target: Target) -> dict[str, Any] | None:
    if not judged:
        return None
    found, (alone, corrected) = coverage(judged, target), median_errors(judged)
    return {
        "jobs": found.jobs,
        **_shares(found.shares),
        "width_over_actual": _texts(found.width),
        "templates_of_100_jobs": len(found.templates),
        "templates_short_by_a_point": _texts(found.short),
        "templates_over_by_a_point": _texts(found.count("is_over")),
        "templates_within_a_point_by_unit": _texts(found.count("is_within_a_point")),
        "templates_short_beyond_chance": _texts(found.count("is_short_beyond_chance")),
        "worst_template": _texts(found.worst),
        "median_error_alone": alone,
        "median_error_corrected": corrected,
        "templates": [_of_template(one) for one in found.templates],
    }


def _fan_outs(found: FanOuts) -> dict[str, Any]:
    """Each counting once, whatever the number of its jobs."""
    return {
        "fan_outs": found.count,
        "jobs_of_largest": found.largest,
        "coverage": _texts(found.reached),
    }


def _shares(shares: Sequence[Share]) -> dict[str, Any]:
    """By level: the share held, that strictly below, exactly met, and the interval of the first."""
    return {
        "coverage": _texts({one.level: one.held for one in shares}),
        "coverage_strictly_below": _texts({one.level: one.below for one in shares}),
        "met_exactly": _texts({one.level: one.met_exactly for one in shares}),
        "coverage_interval": _texts({one.level: [one.lower, one.upper] for one in shares}),
        "within_a_point_by_unit": _texts({one.level: one.is_within_a_point for one in shares}),
    }


def _of_template(one: OfTemplate) -> dict[str, Any]:
    template, model = one.kind.rpartition("\x1e")[2].split("\x1f")
    named = {"template": template or None, "model": model or None}
    return {**named, "jobs": one.jobs, "unit": one.unit or None, **_shares(one.shares)}


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
