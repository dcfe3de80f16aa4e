"""How far off bounds are while a kind of job is new: learnt from all kinds together.

With few jobs of its kind a bound rests on a prior and on other kinds of job, and is off by more
than chance: mostly too wide. What one new kind shows too late for itself serves the next one. The
score of a job is -ln of the chance it was given to take more than it took; scores are kept by the
finest level that knew the job and by how many jobs it knew, in powers of two. The chance to ask
for is the quantile of the scores of other kinds when they were as new (distributional conformal
prediction; Chernozhukov, Wuthrich and Zhu 2021). Every kind counts once, as it is kinds and not
their jobs that are exchangeable (two-layer hierarchical models; Dunn, Wasserman and Ramdas 2023).
"""

from __future__ import annotations

import math
from bisect import bisect_right

from estimator.learning.mixture import quantile
from estimator.learning.node import Counted, together, total_of
from estimator.learning.predict import Answer, Question
from estimator.learning.sketch import BINS_PER_E
from estimator.learning.state import Group, Key, State
from estimator.learning.tail import Weighted

MADE_UP_KINDS = 20.0
"""The scores start as those of this many kinds whose bounds held as stated."""

_LEAST_RISK = 1e-7
_MOST_MISSES = 0.9
_GROWTH = 1.1
"""Scores are summed up again when there are so many times as many."""


def stage_of(question: Question, answer: Answer) -> Group | None:
    """Of a job, how new its kind is; None where no past job is like it at all."""
    if not answer.groups:
        return None
    finest = answer.groups[0]
    known = math.ceil(math.log2(finest.honest + 1.0))
    return question.target, question.basis, finest.level, str(known)


def score_of(answer: Answer, actual: float) -> float:
    """-ln of the chance that the job takes more than ``actual``, a logarithm as in ``answer``."""
    return -math.log(max(_LEAST_RISK, answer.risk(actual)))


class Newness:
    """Scores by stage and kind of job, as mergeable counts."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or State()
        self._noted: dict[Group, int] = {}
        self._known: dict[Group, tuple[float, _Scores]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Newness) and self.state == other.state

    __hash__ = None  # type: ignore[assignment]

    def note(self, stage: Group, kind: str, score: float, ended_at: float) -> None:
        """Count the score of a job that ended."""
        self.state.node(Key(*stage, kind)).add(score, ended_at)
        self._noted[stage] = self._noted.get(stage, 0) + 1

    def merge(self, other: Newness) -> None:
        """Take in everything that another one noted."""
        self.state.merge(other.state)
        self._known.clear()

    def miss(self, stage: Group, wanted: float) -> float:
        """The chance of a miss to ask for, so that ``wanted`` is what comes out."""
        scores = self._scores(stage)
        whole = scores.total + MADE_UP_KINDS

        def survival(score: float) -> float:
            return (scores.above(score) + MADE_UP_KINDS * math.exp(-max(0.0, score))) / whole

        return min(_MOST_MISSES, math.exp(-max(0.0, quantile(survival, 1.0 - wanted))))

    def _scores(self, stage: Group) -> _Scores:
        noted = self._noted.get(stage, 0)
        valid_until, scores = self._known.get(stage, (-1.0, _Scores([])))
        if noted > valid_until:
            nodes = list(self.state.parts(*stage).values())
            scores = _Scores(together(nodes, 1.0, Counted.FINISHED))
            self._known[stage] = (noted * _GROWTH, scores)
        return scores


class _Scores:
    """Weights of scores, to be asked for those above a value."""

    def __init__(self, weighted: Weighted) -> None:
        self.total = total_of(weighted)
        self._bins = [bin_ for bin_, _ in weighted]
        self._above = [self.total]
        for _, weight in weighted:
            self._above.append(self._above[-1] - weight)

    def above(self, score: float) -> float:
        """The weight of scores above this one."""
        return max(0.0, self._above[bisect_right(self._bins, score * BINS_PER_E)])
