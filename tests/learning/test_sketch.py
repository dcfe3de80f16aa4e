from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.sketch import BINS_PER_E, Sketch, bin_of, log_of, merged

VALUES = st.lists(st.floats(-30, 30), max_size=40)


def sketch_of(logs: list[float]) -> Sketch:
    sketch = Sketch()
    for log in logs:
        sketch.add(bin_of(log))
    return sketch


@given(st.floats(1e-9, 1e15))
def test_a_bin_is_never_below_its_value_and_within_eight_in_a_thousand(value: float) -> None:
    edge = math.exp(log_of(bin_of(math.log(value))))
    # a bin is 1/128 wide in the logarithm: e^(1/128) = 1.00784
    assert value * (1 - 1e-9) <= edge <= value * math.exp(1 / BINS_PER_E) * (1 + 1e-9)


@pytest.mark.parametrize("log", [1e9, -1e9])
def test_absurd_values_stay_within_the_outermost_bins(log: float) -> None:
    assert abs(bin_of(log)) == 40 * BINS_PER_E


@given(VALUES, VALUES, VALUES)
def test_merging_is_associative_and_commutative(
    a: list[float], b: list[float], c: list[float]
) -> None:
    one, two, three = map(sketch_of, (a, b, c))
    assert merged([merged([one, two]), three]) == merged([one, merged([two, three])])
    assert merged([one, two]) == merged([two, one])
    assert merged([one, two, three]) == sketch_of([*a, *b, *c])


def test_items_are_in_order() -> None:
    assert sketch_of([1.0, -1.0, 1.0]).items() == [(-128, 1), (128, 2)]
    assert sketch_of([1.0, -1.0, 1.0]).total() == 3
