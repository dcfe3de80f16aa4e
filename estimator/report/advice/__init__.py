"""What templates should ask for instead, from what their past jobs took, as diffs of YAML.

Memory and time limits by :mod:`estimator.learning`; another GPU type where jobs of the same
template ran on it for less money; fewer GPUs, or a share of one, where they were not busy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from estimator.learning.recommend import Recommender
from estimator.report.advice.gpu_type import gpu_changes
from estimator.report.advice.idle import idle_changes
from estimator.report.advice.learning import MOST_LEARNT as MOST_LEARNT
from estimator.report.advice.learning import learnt
from estimator.report.advice.learning import tells as tells
from estimator.report.advice.memory import memory_changes
from estimator.report.advice.time_limit import time_changes
from estimator.report.advice.types import Change as Change
from estimator.report.advice.types import Confidence as Confidence
from estimator.report.advice.types import Prices as Prices

if TYPE_CHECKING:
    import pandas as pd


def changes(frame: pd.DataFrame, prices: Prices) -> tuple[Change, ...]:
    """Every change worth making, most valuable first."""
    recommender = Recommender(learnt(frame))
    found = [
        *memory_changes(frame, prices, recommender),
        *time_changes(frame, prices, recommender),
        *gpu_changes(frame, prices),
        *idle_changes(frame, prices),
    ]
    return tuple(sorted(found, key=_value))


def _value(one: Change) -> tuple[float, ...]:
    """What a change is worth, the most first; without any, by how many jobs it changes."""
    return (-(one.money or 0.0), -one.gpu_hours, -one.gib_hours, -one.affected)
