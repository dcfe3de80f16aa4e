"""What was predicted of one job, held against what it took."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.learning.state import Group


@dataclass(frozen=True, slots=True)
class Judged:
    """What was predicted of one job, and what it took; logarithms of ratios to what was expected.

    row: its place in the frame. kind: as ``state.kind_of``. moved: the prediction corrected.
    bounds: one for each of LEVELS. took: in the unit of the target, no logarithm. stage, score: as
    in ``newness``, of what was said before the bounds were calibrated.
    """

    row: int
    kind: str
    actual: float
    moved: float
    bounds: tuple[float, ...]
    took: float
    stage: Group | None = None
    score: float = 0.0
