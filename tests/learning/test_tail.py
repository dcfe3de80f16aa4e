from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.sketch import BINS_PER_E
from estimator.learning.tail import TailPrior, fit_tail

PRIOR = TailPrior(threshold_share=0.25, shape=0.5, scale=0.05, most_shape=4.0)


def test_nothing_seen_is_no_tail() -> None:
    assert fit_tail([]) is None


def test_one_value_leaves_the_prior_and_a_chance_of_a_half() -> None:
    tail = fit_tail([(0, 1.0)], prior=PRIOR)
    assert tail is not None
    # the next of two exchangeable values is the larger one with probability 1/2
    assert (tail.start, tail.above, tail.highest) == (0.0, 0.5, 0.0)
    # no excess was seen: a = 0.5, b = 0.05; P(> 0.15) = 1/2 (0.05 / 0.2)^0.5 = 1/4
    assert tail.survival(np.array([0.15]))[0] == pytest.approx(0.25)
    assert tail.quantile(0.75) == pytest.approx(0.15)


def test_excesses_over_the_lower_quartile_make_the_tail() -> None:
    bins = [(step * BINS_PER_E, 1.0) for step in range(8)]  # logarithms 0 to 7
    tail = fit_tail(bins, prior=PRIOR)
    assert tail is not None
    # place floor(8/4) = 2 is the value 2; the excesses are 1, 2, 3, 4, 5: a = 5.5, b = 15.05.
    # Both shrink by 4/5.5, so that a is at most 4; 6 of 9 places for the next one are above.
    assert tail.start == 2.0
    assert (tail.shape, tail.scale) == pytest.approx((4.0, 15.05 * 4 / 5.5))
    assert tail.above == pytest.approx(6 / 9)


def test_equal_values_are_excesses_of_size_zero() -> None:
    tail = fit_tail([(0, 100.0)], prior=PRIOR)
    assert tail is not None
    # 100 equal values: 74 above place 25 by nothing, a = 74.5 shrunk to 4, b = 0.05 * 4 / 74.5
    assert tail.scale == pytest.approx(0.05 * 4 / 74.5)
    assert tail.quantile(0.99) < 0.01


def test_a_killed_job_adds_to_the_scale_and_not_to_the_count() -> None:
    finished = [(0, 1.0), (BINS_PER_E, 1.0)]
    killed = [(3 * BINS_PER_E, 1.0)]
    tail = fit_tail(finished, killed, PRIOR)
    assert tail is not None
    # threshold 0 (place floor(3/4) = 0); excesses 1 (ended) and 3 (killed): a = 1.5, b = 4.05
    assert (tail.shape, tail.scale) == pytest.approx((1.5, 4.05))
    assert tail.highest == 3.0


@given(
    st.lists(st.tuples(st.integers(-500, 500), st.floats(0.01, 5)), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(-500, 500), st.floats(0.01, 5)), max_size=10),
)
def test_quantiles_rise_and_cannot_cross(
    finished: list[tuple[int, float]], killed: list[tuple[int, float]]
) -> None:
    tail = fit_tail(sorted(finished), sorted(killed))
    assert tail is not None
    bounds = [tail.quantile(p) for p in (0.5, 0.9, 0.95, 0.99, 0.999)]
    assert bounds == sorted(bounds)
    assert all(map(math.isfinite, bounds))
    inside = np.array([bound for bound in bounds if bound > tail.start])
    assert (np.diff(tail.survival(inside)) <= 1e-12).all()


@pytest.mark.parametrize("probability", [0.9, 0.95, 0.99])
def test_the_bound_covers_the_next_of_exponential_values(probability: float) -> None:
    """Log values are exponential, so that the model's form is right and its coverage must be."""
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(4000):
        logs = random.exponential(0.5, size=31)
        bins = sorted((math.ceil(log * BINS_PER_E), 1.0) for log in logs[:-1])
        tail = fit_tail(bins)
        assert tail is not None
        covered += logs[-1] <= tail.quantile(probability)
    # standard error of a share of 4000: at most 0.5 points; the capped shape errs to the safe side
    assert covered / 4000 >= probability - 0.01
