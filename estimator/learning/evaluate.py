"""How good the bounds are, on jobs that they did not know."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from estimator.learning.calibration import LEVELS, Calibration, noted_kind
from estimator.learning.counting import OneByOne, observe
from estimator.learning.frames import Compared, Kinds
from estimator.learning.judged import Judged
from estimator.learning.newness import score_of, stage_of
from estimator.learning.predict import Predictor, Question
from estimator.learning.state import Group, State

MOST_ROUNDS = 4_000
"""A time-ordered evaluation goes in rounds, one for each job where there are not more: the jobs of
a round know those that had ended before it began."""
MOST_ASKED = 10_000
"""Jobs that are predicted, evenly over time, where there are more; all of them are learnt from."""
_MANY = 2_000
"""From so many jobs on, counting them all at once is quicker than one by one."""


class Moment(StrEnum):
    """When a job is predicted: what had ended by then is known."""

    COMPLETION = "completion"
    SUBMISSION = "submission"


def in_order_of_time(
    compared: Compared,
    kinds: Kinds,
    moment: Moment = Moment.COMPLETION,
    calibration: Calibration | None = None,
    most: int = MOST_ASKED,
) -> list[Judged]:
    """Predict each job from those that had ended before; a killed one is learnt from only.

    calibration: grows with every job that ended, if given. most: jobs that are predicted.
    """
    state, notes = State(), calibration if calibration is not None else Calibration()
    predictor, counting = Predictor(state), OneByOne(state, compared, kinds)
    waiting: list[tuple[float, Judged]] = []
    judged: list[Judged] = []
    for ended, asked, begins in _rounds(compared, moment, most):
        if len(ended) >= _MANY:
            observe(state, compared.only(ended), kinds)
        else:
            counting.count(ended)
        waiting = _settle(waiting, begins, notes)
        running = Counter(one.kind for _, one in waiting)
        for place in asked:
            one = _ask(predictor, compared, kinds, place, partial(_beside, notes, running))
            running[one.kind] += 1
            judged.append(one)
            waiting.append((float(compared.ended[place]), one))
    return judged


def without_groups(compared: Compared, kinds: Kinds, names: Any, folds: int = 5) -> list[Judged]:
    """Predict the jobs of some groups from those of all others, in turns.

    names: the group of each job of ``compared``; those without one ('') are never left out.
    """
    import numpy as np

    distinct = sorted(set(names) - {""})
    fold_of = {name: place % folds for place, name in enumerate(distinct)}
    place_of = np.array([fold_of.get(name, -1) for name in names])
    judged: list[Judged] = []
    for fold in range(min(folds, len(distinct))):
        left_out = place_of == fold
        state = State()
        observe(state, compared.only(np.flatnonzero(~left_out)), kinds)
        predictor = Predictor(state)
        for place in thinned(np.flatnonzero(left_out & ~compared.killed), MOST_ASKED // folds):
            judged.append(_ask(predictor, compared, kinds, place, Calibration().asked))
    return judged


def judge_with(
    state: State, compared: Compared, kinds: Kinds, places: Sequence[int]
) -> list[Judged]:
    """Predict some jobs from one state."""
    predictor, notes = Predictor(state), Calibration()
    return [_ask(predictor, compared, kinds, place, notes.asked) for place in places]


Asked = Callable[[str, float, Group | None], float]
"""The probability to ask for, by kind, level and stage."""


def _beside(
    notes: Calibration, running: Mapping[str, int], kind: str, level: float, stage: Group | None
) -> float:
    """What is asked for while jobs of the kind are running."""
    return notes.asked(kind, level, stage, running.get(kind, 0))


def _ask(
    predictor: Predictor,
    compared: Compared,
    kinds: Kinds,
    place: int,
    asked: Asked,
) -> Judged:
    row = int(compared.rows[place])
    expected = float(compared.expected[place])
    question = Question(
        compared.target,
        compared.basis,
        kinds.groups(row),
        expected,
        float(compared.below[place]),
        float(compared.above[place]),
        smooth=True,
    )
    kind = noted_kind(question.target, question.basis, question.groups)
    answer = predictor.ask(question)
    stage = stage_of(question, answer)
    took = float(compared.least[place])
    actual = math.log(took / expected)
    return Judged(
        row,
        kind,
        actual,
        answer.middle,
        tuple(answer.upper(asked(kind, level, stage)) for level in LEVELS),
        took,
        stage,
        score_of(answer, actual),
    )


def _settle(
    waiting: list[tuple[float, Judged]], now: float, notes: Calibration
) -> list[tuple[float, Judged]]:
    """Note the bounds of jobs that ended before ``now``; the others go on waiting."""
    for ended, one in waiting:
        if ended < now:
            for level, bound in zip(LEVELS, one.bounds, strict=True):
                notes.judge(one.kind, level, missed=one.actual > bound)
            if one.stage:
                notes.newness.note(one.stage, one.kind, one.score, ended)
    return [entry for entry in waiting if entry[0] >= now]


def _rounds(
    compared: Compared, moment: Moment, most: int
) -> Iterator[tuple[Any, list[int], float]]:
    """(places that ended since the last round, places to predict, when the round begins)."""
    import numpy as np

    ended = compared.ended
    if not len(ended):
        return
    known_at = ended if moment is Moment.COMPLETION else compared.submitted
    order = np.argsort(known_at, kind="stable")
    by_end = np.argsort(ended, kind="stable")
    asked = set(thinned(order[~compared.killed[order]], most).tolist())
    ends, learnt = ended[by_end], 0
    for places in np.array_split(order, min(MOST_ROUNDS, most, len(order))):
        begins = float(known_at[places[0]])
        until = int(np.searchsorted(ends, begins, side="left"))
        yield by_end[learnt:until], [place for place in places.tolist() if place in asked], begins
        learnt = max(learnt, until)


def thinned(places: Any, most: int) -> Any:
    """At most so many of them, evenly spaced."""
    import numpy as np

    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype("int64")]


def median_errors(judged: Sequence[Judged]) -> tuple[float, float]:
    """Median of |ln(actual / predicted)|: of what was expected alone, and corrected."""
    import numpy as np

    actual = np.array([one.actual for one in judged])
    moved = np.array([one.moved for one in judged])
    return float(np.median(np.abs(actual))), float(np.median(np.abs(actual - moved)))
