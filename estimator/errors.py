"""Every error a user can meet, drawn as one tree.

    EstimatorError              what is wrong, where, what to try next
    +-- BadInput        exit 2  the command line, a file or the environment
    +-- NoFeasiblePlan  exit 3  an answer: nothing fits; carries the nearest miss
    +-- UserCodeFailed  exit 4  the user's own code raised, hung, exited or died
    +-- InternalError   exit 5  our fault

Exit code 0 is an answer. Nothing else is raised on purpose.
"""

from __future__ import annotations

from typing import ClassVar


class EstimatorError(Exception):
    """One line of what is wrong, where (``file:line``), and what to try next."""

    exit_code: ClassVar[int] = 5

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        prefix = f"{self.where}: " if self.where else ""
        suffix = f"\n  try: {self.hint}" if self.hint else ""
        return f"{prefix}{self.what}{suffix}"


class BadInput(EstimatorError):
    """The command line, a file or the environment is not usable as given."""

    exit_code = 2


class NoFeasiblePlan(EstimatorError):
    """The question was understood and the answer is that nothing fits."""

    exit_code = 3


class UserCodeFailed(EstimatorError):
    """The user's model file raised, hung, exited or died."""

    exit_code = 4


class InternalError(EstimatorError):
    """A defect of this program."""

    exit_code = 5
