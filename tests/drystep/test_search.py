"""The search for the largest batch: right for every monotone device, and few runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.search import RESOLUTION, Line, Needs, largest_batch
from estimator.values import Missing


class Counted:
    """A device that runs every batch up to ``largest``, and the batches it was asked for."""

    def __init__(self, largest: int) -> None:
        self.largest = largest
        self.asked: list[int] = []

    def __call__(self, batch_size: int) -> bool:
        self.asked.append(batch_size)
        return batch_size <= self.largest


def needs(fixed: float, allocated: float, reserved: float) -> Needs:
    return Needs(Line(fixed, allocated), Line(fixed, reserved))


def test_a_line_goes_through_both_points() -> None:
    # 300 at 2 and 500 at 4: 100 a sample, 100 fixed; 1000 bytes hold (1000 - 100) / 100 = 9.
    line = Line.through((2, 300), (4, 500))
    assert line == Line(100, 100)
    assert line.batch_for(1000, 4096) == 9


def test_a_model_that_ignores_the_batch_size_has_no_slope() -> None:
    assert Line(100, 0).batch_for(100, 7) == 7
    assert Line(100, 0).batch_for(99, 7) == 0


def test_a_batch_below_the_resolution_is_exact() -> None:
    device = Counted(57)
    found = largest_batch(device, needs(0, 10, 12), 600, 4096)
    assert (found.largest, found.failing) == (57, 58)


def test_a_large_batch_is_found_within_the_resolution() -> None:
    device = Counted(1000)
    found = largest_batch(device, needs(0, 10, 12), 11_000, 4096)
    assert isinstance(found.failing, int)
    assert found.largest <= 1000 < found.failing
    assert found.failing - found.largest <= 1000 // RESOLUTION


def test_not_even_one_sample() -> None:
    found = largest_batch(Counted(0), needs(500, 10, 12), 100, 4096)
    assert (found.largest, found.failing) == (0, 1)


def test_the_limit_ends_the_search_and_says_so() -> None:
    found = largest_batch(Counted(10**9), needs(0, 1, 1), 10**9, 4096)
    assert found.largest == 4096
    assert isinstance(found.failing, Missing)
    assert "4096" in found.failing.reason


def test_a_known_position_needs_two_runs() -> None:
    # 900 allocated, 1000 reserved at most: between 90 and 100 the truth lies at one half.
    device = Counted(95)
    found = largest_batch(device, needs(0, 9, 10), 900, 4096, position=0.5)
    assert found.largest == 95
    assert len(device.asked) == 2


@given(
    truth=st.integers(0, 5000),
    fixed=st.floats(0, 1e4),
    slope=st.floats(-1, 1e3),
    slack=st.floats(1, 3),
    capacity=st.integers(0, 10**7),
    position=st.floats(0, 1),
)
def test_any_lines_lead_to_the_truth(
    truth: int, fixed: float, slope: float, slack: float, capacity: int, position: float
) -> None:
    """The lines only say where to look first: wrong ones cost runs, never the answer."""
    device = Counted(truth)
    found = largest_batch(device, needs(fixed, slope, slope * slack), capacity, 4096, position)
    assert found.largest <= min(truth, 4096)
    assert found.largest == 0 or found.largest in device.asked
    if isinstance(found.failing, int):
        assert found.failing in device.asked
        assert found.failing > truth
        assert found.failing - found.largest <= max(1, found.largest // RESOLUTION)
    else:
        assert found.largest == 4096
    assert 0 <= found.position <= 1
    assert len(device.asked) < 40


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_small_limits(limit: int) -> None:
    assert largest_batch(Counted(99), needs(0, 1, 1), 50, limit).largest == limit
