from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.decision import Prices, cheapest
from estimator.learning.tail import UpperTail, fit_tail

CAP = 100.0


def tail(highest: float = 0.0) -> UpperTail:
    made = fit_tail([(math.ceil(highest * 128) - 64, 3.0), (math.ceil(highest * 128), 3.0)])
    assert made is not None
    return made


@given(st.floats(0.001, 1000), st.floats(0.1, 100), st.floats(0.1, 100))
def test_the_amount_is_between_the_highest_peak_and_the_cap(
    size: float, oom: float, waste: float
) -> None:
    choice = cheapest(tail(), CAP, size, Prices(oom, waste))
    assert 1.0 <= choice.amount <= CAP
    assert 0.0 <= choice.risk <= 1.0


def test_only_the_ratio_of_prices_matters() -> None:
    assert cheapest(tail(), CAP, 1.0, Prices(7, 1)) == cheapest(tail(), CAP, 1.0, Prices(70, 10))


def test_a_dearer_out_of_memory_never_asks_for_less() -> None:
    amounts = [cheapest(tail(), CAP, 1.0, Prices(p)).amount for p in (0.1, 1.0, 10.0, 1e6)]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[-1] == CAP


def test_a_job_that_costs_next_to_nothing_gets_all_it_asked_for() -> None:
    assert cheapest(tail(), CAP, 1e-9, Prices()).amount == CAP


def test_a_cap_below_the_highest_peak_is_not_believed() -> None:
    # the job took 200 once: asking for 100 again would be an out-of-memory foretold
    assert cheapest(tail(math.log(200.0)), CAP, 1.0, Prices()).amount >= 200.0


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_prices_are_numbers_above_zero(price: float) -> None:
    with pytest.raises(ValueError, match="price"):
        Prices(out_of_memory=price)
    with pytest.raises(ValueError, match="price"):
        Prices(waste=price)
