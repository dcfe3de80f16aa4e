from __future__ import annotations

import numpy as np
import pytest

from estimator.learning.calibration import LEVELS
from estimator.learning.fanout import each_fan_out_once
from estimator.learning.frames import Compared
from estimator.learning.judged import Judged
from estimator.learning.state import Basis
from estimator.records.types import Target


def jobs(times: list[tuple[float, float]]) -> Compared:
    submitted, ended = np.array(times).T
    none = np.zeros(len(times))
    return Compared(
        Target.DURATION,
        Basis.REQUESTED,
        np.arange(len(times)),
        submitted,
        none + 1,
        none + 1,
        ended,
        none > 0,
        none > 0,
        none,
        none,
        none,
    )


def judged(row: int, *, held: bool, kind: str = "a") -> Judged:
    return Judged(row, kind, 0.0 if held else 1.0, 0.0, (0.5,) * 3, 1.0)


def test_jobs_submitted_before_any_had_ended_count_as_one() -> None:
    # 0, 1 and 2 run when the next one comes; 3 comes after 1 has ended: a second fan-out
    compared = jobs([(0, 100), (1, 5), (2, 50), (6, 9)])
    found = each_fan_out_once([judged(row, held=row == 3) for row in (3, 0, 1, 2)], compared)
    assert (found.count, found.largest) == (2, 3)
    assert found.reached == dict.fromkeys(LEVELS, 0.5)  # the first missed, the second held


def test_kinds_do_not_mix_and_shares_are_of_a_fan_outs_jobs() -> None:
    compared = jobs([(0, 10), (1, 10), (2, 10)])
    three = [judged(0, held=True), judged(1, held=False), judged(2, held=True, kind="b")]
    found = each_fan_out_once(three, compared)
    assert (found.count, found.largest) == (2, 2)
    assert found.reached[0.9] == pytest.approx((0.5 + 1.0) / 2)


def test_of_nothing_nothing_is_said() -> None:
    assert each_fan_out_once([], jobs([(0, 1)])).reached == {}
