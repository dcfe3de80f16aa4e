from __future__ import annotations

import math

import numpy as np
import pytest

from estimator.learning.calibration import LEVELS
from estimator.learning.coverage import Coverage, Share, coverage, interval, unit_of
from estimator.learning.judged import Judged
from estimator.records.types import Target
from estimator.units import KIB, MIB


def judged(took: list[float], bound: float, kind: str = "k") -> list[Judged]:
    """Jobs with one bound for all levels, in the unit of the target."""
    return [
        Judged(row, kind, math.log(each), 0.0, (math.log(bound),) * 3, each)
        for row, each in enumerate(took)
    ]


def of_times(took: list[float], bound: float) -> Coverage:
    return coverage(judged(took, bound), Target.DURATION)


SECONDS = [1.0] * 60 + [2.0] * 35 + [7.0] * 5


@pytest.mark.parametrize("bound", [2.0, 2.4, 2.999])
def test_a_bound_says_what_it_says_rounded_down_to_the_unit(bound: float) -> None:
    # 60 + 35 of 100 took 2 s or less, 60 took less than 2 s; a bound of 1 s would have held for 60
    found = of_times(SECONDS, bound)
    assert [(one.held, one.below) for one in found.shares] == [(0.95, 0.6)] * 3
    assert found.shares[0].met_exactly == pytest.approx(0.35)
    assert of_times(SECONDS, bound - 1.0).shares[0].held == 0.6


def test_within_a_point_is_what_no_lower_bound_in_the_unit_comes_nearer_to() -> None:
    # 0.60 - 0.01 <= 0.90 <= 0.95 + 0.01 and so for 0.95; 0.99 is above 0.96
    shares = of_times(SECONDS, 2.5).templates[0].shares
    assert [one.is_within_a_point for one in shares] == [True, True, False]
    assert [one.is_over for one in shares] == [True, False, False]
    assert [one.is_short for one in shares] == [False, False, True]


def test_without_ties_both_shares_are_one() -> None:
    took = np.exp(np.random.default_rng(1).standard_normal(200)).tolist()
    share = of_times(took, 3.0).shares[0]
    assert share.held == share.below


def test_ties_are_of_the_unit_of_each_template() -> None:
    # of the second template, recorded in milliseconds, no job is met exactly
    two = [*judged([2.0] * 100, 2.4, "a"), *judged([2.001] * 50 + [2.0] * 50, 2.4, "b")]
    found = coverage(two, Target.DURATION)
    assert {one.kind: one.unit for one in found.templates} == {"a": 1.0, "b": 0.001}
    assert [one.below for one in found.shares] == [0.5] * 3


@pytest.mark.parametrize(
    ("took", "target", "unit"),
    [
        ([1.0, 60.0, 3600.0], Target.DURATION, 1.0),
        ([60.0, 60.0], Target.DURATION, 1.0),  # a minute each, but nothing shows that none is odd
        ([6.094, 5.987], Target.DURATION, 0.001),
        ([math.pi, math.e], Target.DURATION, 0.0),
        ([3.0 * MIB, 5.0 * MIB], Target.HOST_MEMORY, MIB),
        ([290201600.0, 2813952.0], Target.HOST_MEMORY, 4 * KIB),
        ([1000.0, 1e10], Target.DEVICE_MEMORY, 1.0),
    ],
)
def test_the_unit_is_the_largest_that_all_are_multiples_of(
    took: list[float], target: Target, unit: float
) -> None:
    assert unit_of(np.array(took), target) == unit


def test_the_interval_is_that_of_clopper_and_pearson() -> None:
    # 0 of n: 1 - 0.025 ^ (1/n); n of n mirrors it; published: 10 of 100 is 4.90 to 17.62 %
    assert interval(0, 100) == (0.0, pytest.approx(1 - 0.025**0.01))
    assert interval(100, 100) == (pytest.approx(0.025**0.01), 1.0)
    assert interval(10, 100) == pytest.approx((0.0490, 0.1762), abs=5e-5)


@pytest.mark.parametrize(("held", "short", "beyond_chance"), [(90, 0, 0), (88, 1, 0), (80, 1, 1)])
def test_short_by_a_point_may_be_chance(held: int, short: int, beyond_chance: int) -> None:
    # 88 of 100: up to 93.6 %; 80 of 100: up to 87.3 %, less than 90
    found = of_times([1.5] * held + [9.5] * (100 - held), 2.0)
    assert found.short[0.9] == short
    assert found.count("is_short_beyond_chance")[0.9] == beyond_chance


def test_of_few_jobs_no_template_is_reported() -> None:
    found = of_times([1.0] * 99, 1.0)
    assert (found.templates, found.worst, found.short) == ((), {}, dict.fromkeys(LEVELS, 0))
    assert found.shares[0] == Share(0.9, 1.0, 0.0, *interval(99, 99))
