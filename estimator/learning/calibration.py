"""Bounds that hold in the long run: the stated level, corrected by how often bounds were missed.

Ranks bound the next job as far as it is exchangeable with the past ones. Where jobs drift it is
not; then the errors themselves are integrated (conformal PID control; Angelopoulos, Candes and
Tibshirani 2023): too many misses of a kind of job push its bound up, too few let it down. What is
kept are two whole numbers for each kind and level, so that it merges by adding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from estimator.learning.state import Basis, Groups, kind_of
from estimator.records.types import Target

LEVELS = (0.9, 0.95, 0.99)
"""Probabilities that bounds are stated for."""


def noted_kind(target: Target, basis: Basis, groups: Groups) -> str:
    """The name that a kind of job's bounds are noted under."""
    return f"{target}\x1e{basis}\x1e{kind_of(groups)}"


_GAIN = 0.1
"""Change of the miss rate asked for, for each miss too many or too few."""
_TO_SPARE = 1.0
_UNTIL_SPARED = 4.0
"""One miss fewer than allowed is aimed for once four are allowed: a kind of job with a hundred jobs
then errs to the safe side, which for thousands makes no difference."""
_FEWEST_MISSES_ASKED = 1e-4
_MOST_MISSES_ASKED = 0.5


@dataclass(slots=True)
class Calibration:
    """By kind of job and level: how many bounds were stated, and how many were missed."""

    stated: dict[tuple[str, float], int] = field(default_factory=dict)
    missed: dict[tuple[str, float], int] = field(default_factory=dict)

    def judge(self, kind: str, level: float, *, missed: bool) -> None:
        """Note how a bound came out."""
        key = (kind, level)
        self.stated[key] = self.stated.get(key, 0) + 1
        self.missed[key] = self.missed.get(key, 0) + missed

    def asked(self, kind: str, level: float) -> float:
        """The probability to ask for, so that ``level`` is reached."""
        key = (kind, level)
        miss = 1.0 - level
        allowed = miss * self.stated.get(key, 0)
        spared = min(_TO_SPARE, allowed / _UNTIL_SPARED)
        balance = allowed - spared - self.missed.get(key, 0)
        wanted = miss + _GAIN * balance * _scale(miss)
        return 1.0 - min(_MOST_MISSES_ASKED, max(_FEWEST_MISSES_ASKED, wanted))

    def merge(self, other: Calibration) -> None:
        """Take in everything that another one noted."""
        for mine, theirs in ((self.stated, other.stated), (self.missed, other.missed)):
            for key, count in theirs.items():
                mine[key] = mine.get(key, 0) + count


def _scale(miss: float) -> float:
    """Steps in proportion to the miss rate: one miss too many matters more at 99 % than at 90 %."""
    return miss / (1.0 - LEVELS[0])
