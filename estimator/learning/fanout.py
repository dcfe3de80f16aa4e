"""Fan-outs: jobs of one kind that were submitted before any of them had ended.

Whoever asks for them at their submission knows the same of all, so that a bound mostly holds for
all of them or for none: hundreds of jobs, but one trial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from estimator.learning.calibration import LEVELS
from estimator.learning.coverage import held_by
from estimator.learning.frames import Compared
from estimator.learning.judged import Judged


@dataclass(frozen=True, slots=True)
class FanOuts:
    """How many there were, the jobs of the largest, and by level the share held of a fan-out's
    jobs, on average over all fan-outs.
    """

    count: int
    largest: int
    reached: dict[float, float]


def each_fan_out_once(judged: Sequence[Judged], compared: Compared) -> FanOuts:
    """Sum up jobs, each of which is one of ``compared``; of no jobs nothing is said."""
    import numpy as np

    if not judged:
        return FanOuts(0, 0, {})
    place_of = {row: place for place, row in enumerate(compared.rows.tolist())}
    places = [place_of[one.row] for one in judged]
    kinds = [one.kind for one in judged]
    fan_out = _numbered(kinds, compared.submitted[places], compared.ended[places])
    sizes = np.bincount(fan_out)
    means = [np.bincount(fan_out, held) / sizes for held in held_by(judged).T]
    reached = {level: float(mean.mean()) for level, mean in zip(LEVELS, means, strict=True)}
    return FanOuts(len(sizes), int(sizes.max()), reached)


def _numbered(kinds: Sequence[str], submitted: Any, ended: Any) -> Any:
    """The number of the fan-out of each job."""
    import numpy as np

    numbers = np.zeros(len(kinds), dtype="int64")
    number, kind, first_end = -1, "", 0.0
    for place in sorted(range(len(kinds)), key=lambda place: (kinds[place], submitted[place])):
        if number < 0 or kinds[place] != kind or submitted[place] > first_end:
            number, kind, first_end = number + 1, kinds[place], float(ended[place])
        first_end = min(first_end, float(ended[place]))
        numbers[place] = number
    return numbers
