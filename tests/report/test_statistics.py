"""Intervals: against statsmodels, and by how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from estimator.report.statistics import blocks_mean, proportion, quantile, ratio


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1000)])
def test_shares_are_wilsons(hits: int, n: int) -> None:
    low, high = proportion_confint(hits, n, method="wilson")
    found = proportion(hits, n)
    assert found.lower == pytest.approx(low, abs=1e-6)
    assert found.upper == pytest.approx(high, abs=1e-6)
    assert found.lower <= found.value <= found.upper


def test_of_nothing_nothing_is_known() -> None:
    assert proportion(0, 0).upper == 1.0


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_interval_of_a_quantile_holds_it_95_times_in_100(share: float) -> None:
    draw = np.random.default_rng(1)
    truth = -math.log(1 - share)  # of the exponential distribution with mean 1
    held = 0
    for _ in range(1000):
        found = quantile(draw.exponential(size=100), share)
        held += found.lower <= truth <= found.upper
    # binomial with 1,000 draws: below 0.93 once in a thousand times at 0.95
    assert held / 1000 > 0.93


def test_one_observation_is_its_own_interval() -> None:
    found = quantile([3.0], 0.9)
    assert (found.lower, found.value, found.upper, found.n) == (3.0, 3.0, 3.0, 1)


def test_blocks_are_drawn_whole() -> None:
    # ten weeks of one value each: within a week nothing varies, so 1,000 jobs say no more than 10
    weeks = np.repeat(np.arange(10), 100)
    found = blocks_mean(weeks.astype(float), weeks)
    # standard error of the mean of 0 ... 9 drawn with return: sqrt(8.25 / 10) = 0.908
    assert found.value == 4.5
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * 0.908, rel=0.1)


def test_one_block_bounds_nothing() -> None:
    assert math.isinf(blocks_mean([1.0, 2.0], [0, 0]).upper)


def test_a_ratio_is_bounded_by_drawing_its_parts_again() -> None:
    # two of the same: every draw gives 3 / 6; of 1 / 2 and 1 / 1, between the two
    same, other = ratio([3.0, 3.0], [6.0, 6.0]), ratio([1.0, 1.0], [2.0, 1.0])
    assert (same.value, same.lower, same.upper, same.n) == (0.5, 0.5, 0.5, 2)
    assert (other.value, other.lower, other.upper) == (pytest.approx(2 / 3), 0.5, 1.0)
    assert math.isinf(ratio([1.0], [2.0]).upper)
