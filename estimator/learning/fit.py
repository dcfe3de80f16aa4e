"""Fit a model on past jobs, and let it take the champion's place where it is no worse."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from estimator import __version__
from estimator.learning.arrays import numbers, text
from estimator.learning.boosting import Boost, Example, boosted, features_of
from estimator.learning.calibration import Calibration
from estimator.learning.counting import observe
from estimator.learning.coverage import shares_held
from estimator.learning.evaluate import (
    MOST_ASKED,
    in_order_of_time,
    judge_with,
    median_errors,
    thinned,
)
from estimator.learning.frames import Compared, comparisons, kinds_of
from estimator.learning.judged import Judged
from estimator.learning.model import FittedModel, Made
from estimator.learning.state import Basis, State
from estimator.records.types import JobFacts, Target

if TYPE_CHECKING:
    import pandas as pd

HELD_BACK = 0.2
"""Share of the jobs that a challenger is tried on, the latest that ended."""
MOST_NOTED = 2_000
"""Jobs whose bounds are noted, evenly over time: enough for the kinds of job that run often."""
TOLERANCE = 1.05
"""A challenger may be this much worse: less is noise, and it has seen more recent jobs."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A champion and its challenger on jobs that neither had seen.

    jobs: how many. champion, challenger: median error, and the shortfall of the 95 % bound's
    coverage, 0 where it is reached.
    """

    jobs: int
    champion: tuple[float, float]
    challenger: tuple[float, float]

    @property
    def won(self) -> bool:
        """Whether the challenger is at most ``TOLERANCE`` worse."""
        return sum(self.challenger) <= sum(self.champion) * TOLERANCE + 1e-6


def fit(frame: pd.DataFrame, version: int = 1) -> FittedModel:
    """Learn from every job of a frame, and how often bounds would have been missed on the way."""
    kinds, state, compared, until = kinds_of(frame), State(), 0, 0.0
    calibration, boosts = Calibration(), dict[Target, Boost]()
    for one in comparisons(frame):
        observe(state, one, kinds)
        judged = in_order_of_time(one, kinds, calibration=calibration, most=MOST_NOTED)
        if one.basis is Basis.PREDICTED:
            boost = boosted(_examples(judged, one, frame))
            boosts |= {one.target: boost} if boost else {}
        compared += len(one.rows)
        until = max(until, float(one.ended.max())) if len(one.rows) else until
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return FittedModel(
        state,
        calibration,
        Made(len(frame), compared, until, now, __version__, version),
        boosts,
    )


def _examples(judged: list[Judged], compared: Compared, frame: pd.DataFrame) -> list[Example]:
    """What shrinkage left over of each job, with its features, in the order of the judged."""
    expected = dict(zip(compared.rows.tolist(), compared.expected.tolist(), strict=True))
    batch, count = (numbers(frame, name) for name in ("per_device_batch_size", "gpu_count"))
    precision = text(frame, "precision")

    def features(row: int) -> tuple[float, ...]:
        facts = JobFacts(None, None, precision[row] or None, batch[row], count[row])
        return features_of(facts, expected[row])

    return [Example(features(one.row), one.actual - one.moved) for one in judged]


def succeed(champion: FittedModel | None, challenger: FittedModel) -> FittedModel:
    """The challenger with the version that follows the champion's."""
    version = champion.made.version + 1 if champion else 1
    return replace(challenger, made=replace(challenger.made, version=version))


def trial(champion: FittedModel, frame: pd.DataFrame) -> Trial | None:
    """Hold a champion against a challenger, on the latest jobs that the champion has not seen.

    The challenger is fitted on the jobs before those. None where there are no such jobs.
    """
    import numpy as np

    kinds = kinds_of(frame)
    ours: list[Judged] = []
    theirs: list[Judged] = []
    for one in comparisons(frame):
        new = _latest(one, champion.made.until)
        if not len(new):
            continue
        state = State()
        observe(state, one.only(np.flatnonzero(one.ended < one.ended[new].min())), kinds)
        theirs += judge_with(state, one, kinds, new)
        ours += judge_with(champion.state, one, kinds, new)
    if not ours:
        return None
    return Trial(len(ours), _loss(ours), _loss(theirs))


def _latest(compared: Compared, until: float) -> list[int]:
    """Places of the last ``HELD_BACK`` of the jobs, as far as they ended after ``until``."""
    import numpy as np

    order = np.argsort(compared.ended, kind="stable")
    last = order[int(len(order) * (1 - HELD_BACK)) :]
    chosen = last[(compared.ended[last] > until) & ~compared.killed[last]]
    return [int(place) for place in thinned(chosen, MOST_ASKED)]


def _loss(judged: list[Judged]) -> tuple[float, float]:
    return median_errors(judged)[1], max(0.0, 0.95 - shares_held(judged)[0.95])
