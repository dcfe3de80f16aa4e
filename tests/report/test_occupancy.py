"""GPUs held over time, against counting by hand and second by second."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.report.occupancy import by_step, held, hours_between
from tests.report.made import HOUR, START, job, jobs

THREE = jobs(job(0, 2, 4), job(1, 3, 2), job(10, 1, 0.5))


def test_hours_within_bounds_are_cut_at_them() -> None:
    frame = THREE.with_gpus
    # 4 GPUs x 2 h + 2 GPUs x 3 h + 0.5 GPU x 1 h
    assert hours_between(frame, (START, START + 20 * HOUR)) == pytest.approx(14.5)
    # from 1 h to 2 h: 4 GPUs of the first, 2 of the second
    assert hours_between(frame, (START + HOUR, START + 2 * HOUR)) == pytest.approx(6.0)
    assert hours_between(frame, (START - HOUR, START)) == 0.0


def test_the_most_at_one_moment() -> None:
    assert held(THREE.with_gpus).most() == 6.0
    assert held(THREE.with_gpus.iloc[:0]).most() == 0.0


def test_steps_add_up_to_the_whole() -> None:
    edges = START + np.arange(0, 25) * HOUR
    steps = by_step(THREE.with_gpus, edges)
    assert steps[:4] == pytest.approx([4, 6, 2, 2])
    assert steps.sum() == pytest.approx(14.5)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(1, 20), st.integers(1, 8)), min_size=1, max_size=8
    ),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_as_when_counted_hour_by_hour(
    told: list[tuple[int, int, int]], one: int, other: int
) -> None:
    start, end = sorted((one, other))
    began, lasted, gpus_of = np.array(told, float).T
    frame = pd.DataFrame({"began": START + began * HOUR, "seconds": lasted * HOUR, "gpus": gpus_of})
    frame["hours"] = frame["gpus"] * lasted
    counted = sum(
        gpus for hour in range(start, end) for at, hours, gpus in told if at <= hour < at + hours
    )
    found = hours_between(frame, (START + start * HOUR, START + end * HOUR))
    assert found == pytest.approx(counted, abs=1e-3)
