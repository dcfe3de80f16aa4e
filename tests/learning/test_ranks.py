from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.mixture import (
    Part,
    interval_survival,
    quantile,
    shares,
    survival_of,
)
from estimator.learning.ranks import mirrored, ranks_of
from estimator.learning.sketch import BINS_PER_E

BINS = st.lists(st.tuples(st.integers(-500, 500), st.floats(0.1, 4)), min_size=1, max_size=30)


def spread(count: int) -> list[tuple[int, float]]:
    return [(place * BINS_PER_E, 1.0) for place in range(1, count + 1)]


@pytest.mark.parametrize(("probability", "rank"), [(0.9, 91), (0.95, 96), (0.99, 100)])
def test_the_bound_is_the_order_statistic_of_conformal_prediction(
    probability: float, rank: int
) -> None:
    # ceil(101 x 0.9) = 91, ceil(101 x 0.95) = 96, ceil(101 x 0.99) = 100 of values 1 to 100
    ranks = ranks_of(spread(100))
    assert ranks is not None
    assert ranks.survival(rank - 0.01) > 1 - probability
    assert ranks.survival(float(rank)) <= 1 - probability + 1e-12


def test_beyond_the_largest_the_tail_goes_on() -> None:
    ranks = ranks_of(spread(9))
    assert ranks is not None
    assert ranks.survival(9.0) == pytest.approx(1 / 10)
    assert 0 < ranks.survival(1000.0) < ranks.survival(10.0) < 1 / 10


def test_a_killed_job_is_above_what_it_was_killed_at() -> None:
    # 4 finished at 1, 2, 3, 4 and one killed at 2.5: with the next one 6 are at risk. Kaplan and
    # Meier: 5/6, 4/5 of it at 2; after the killed one left, 3 at risk: 2/3, then 1/2.
    ranks = ranks_of(spread(4), [(320, 1.0)])
    assert ranks is not None
    expected = [5 / 6, 4 / 6, 4 / 6 * 2 / 3, 4 / 6 * 2 / 3 / 2]
    assert ranks.remaining == pytest.approx(expected)


def test_only_killed_jobs_leave_the_chance_of_more_at_one() -> None:
    ranks = ranks_of([], [(128, 3.0)])
    assert ranks is not None
    assert ranks.survival(0.5) == 1.0
    assert ranks.survival(1.0) == 1.0
    assert ranks_of([]) is None


@given(BINS, st.lists(st.tuples(st.integers(-500, 500), st.floats(0.1, 4)), max_size=5))
def test_survival_falls_and_the_smooth_one_is_below(
    finished: list[tuple[int, float]], killed: list[tuple[int, float]]
) -> None:
    merged: dict[int, float] = {}
    for bin_, weight in finished:
        merged[bin_] = merged.get(bin_, 0.0) + weight
    ranks = ranks_of(sorted(merged.items()), sorted(killed))
    assert ranks is not None
    points = np.linspace(-6, 8, 200)
    values = [ranks.survival(float(point)) for point in points]
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(values))
    for point, value in zip(points, values, strict=True):
        assert ranks.smooth_survival(float(point)) <= value + 1e-9


def test_bounds_of_a_mixture_cannot_cross_and_split_what_is_left() -> None:
    assert shares([3.0, 6.0], 3.0) == pytest.approx([0.5, 0.5 * 6 / 9])
    assert shares([], 3.0) == []
    near, far = interval_survival(0.1, 0.1, 0.1), interval_survival(1.0, 1.0, 0.1)
    mixed = survival_of([Part(0.5, near), Part(0.5, far)])
    bounds = [quantile(mixed, p) for p in (0.5, 0.9, 0.95, 0.99)]
    assert bounds == sorted(bounds)
    assert quantile(near, 0.95) < quantile(mixed, 0.95) < quantile(far, 0.95)


def test_an_interval_is_left_by_as_much_as_it_says() -> None:
    survival = interval_survival(0.2, 0.5, 0.1)
    assert survival(0.0) == 0.5
    assert survival(0.5) == pytest.approx(0.05)
    assert survival(-0.2) == pytest.approx(0.95)
    assert quantile(interval_survival(0.0, 0.0, 0.1), 0.99) == pytest.approx(0.0, abs=1e-9)


def test_mirrored_values_change_sign() -> None:
    assert mirrored([(-128, 1.0), (256, 2.0)]) == [(-255, 2.0), (129, 1.0)]
    # the lower edge of a bin is its upper edge seen from the other side
    assert math.isclose(255 / BINS_PER_E, 256 / BINS_PER_E - 1 / BINS_PER_E)
