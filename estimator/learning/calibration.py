"""Bounds that hold in the long run: the stated level, corrected by how often bounds were missed.

Ranks bound the next job as far as it is exchangeable with the past ones. Where jobs drift it is
not; then the errors themselves are integrated (conformal PID control; Angelopoulos, Candes and
Tibshirani 2023): too many misses of a kind of job push its bound up, too few let it down. What is
kept are two whole numbers for each kind and level, so that it merges by adding. How far bounds of
new kinds are off is in ``newness``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from estimator.learning.newness import Newness, stage_of
from estimator.learning.predict import Answer, Question
from estimator.learning.state import Basis, Group, Groups, kind_of
from estimator.records.types import Target

LEVELS = (0.9, 0.95, 0.99)
"""Probabilities that bounds are stated for."""


def noted_kind(target: Target, basis: Basis, groups: Groups) -> str:
    """The name that a kind of job's bounds are noted under."""
    return f"{target}\x1e{basis}\x1e{kind_of(groups)}"


_TIGHTENED = 0.1
_RELAXED = 0.3
"""Change of the miss rate asked for, for each miss too many and for each too few. With one too
many at 90 %, the next bounds are not to be missed at all; what is too wide is made up for faster,
as most kinds have few jobs to do so. These and ``_TO_SPARE`` were chosen on public traces and
made-up jobs.
"""
_TO_SPARE = 0.25
"""So many misses fewer than allowed are aimed for: what is too few is made up for faster than what
is too many, and without it kinds of few jobs would come out short."""
_FEWEST_MISSES_ASKED = 1e-4
_MOST_MISSES_ASKED = 0.5


@dataclass(slots=True)
class Calibration:
    """By kind of job and level: how many bounds were stated, and how many were missed.

    newness: how bounds came out while a kind of job was new.
    """

    stated: dict[tuple[str, float], int] = field(default_factory=dict)
    missed: dict[tuple[str, float], int] = field(default_factory=dict)
    newness: Newness = field(default_factory=Newness)

    def judge(self, kind: str, level: float, *, missed: bool) -> None:
        """Note how a bound came out."""
        key = (kind, level)
        self.stated[key] = self.stated.get(key, 0) + 1
        self.missed[key] = self.missed.get(key, 0) + missed

    def asked(
        self, kind: str, level: float, stage: Group | None = None, running: float = 0
    ) -> float:
        """The probability to ask for, so that ``level`` is reached.

        stage: as ``newness.stage_of``. running: jobs of the kind that were asked for and have not
        ended. What was missed too seldom is made up for by all of them together; each by itself
        would overdo it.
        """
        key = (kind, level)
        miss = 1.0 - level
        allowed = miss * self.stated.get(key, 0)
        balance = max(0.0, allowed - _TO_SPARE) - self.missed.get(key, 0)
        relaxed = _RELAXED / (1.0 + _RELAXED * running)
        wanted = miss + balance * (relaxed if balance > 0 else _TIGHTENED) * _scale(miss)
        wanted = min(_MOST_MISSES_ASKED, max(_FEWEST_MISSES_ASKED, wanted))
        return 1.0 - (self.newness.miss(stage, wanted) if stage else wanted)

    def asked_before_next_fit(self, question: Question, answer: Answer, level: float) -> float:
        """The same for any number of jobs like this one."""
        kind = noted_kind(question.target, question.basis, question.groups)
        return self.asked(kind, level, stage_of(question, answer), running=math.inf)

    def merge(self, other: Calibration) -> None:
        """Take in everything that another one noted."""
        for mine, theirs in ((self.stated, other.stated), (self.missed, other.missed)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count
        self.newness.merge(other.newness)


def _scale(miss: float) -> float:
    """Steps in proportion to the miss rate: one miss too many matters more at 99 % than at 90 %."""
    return miss / (1.0 - LEVELS[0])
