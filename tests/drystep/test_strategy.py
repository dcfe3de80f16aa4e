"""How many GPUs a strategy takes, and which of them a model offers."""

from __future__ import annotations

import pytest

from estimator.drystep.strategy import Strategy, strategies, with_degrees

ANY = strategies(recompute=False)


def test_a_model_that_offers_nothing_has_the_strategies_of_any_model() -> None:
    assert with_degrees(ANY, (), 8) == ANY


def test_degrees_are_powers_of_two_within_a_node() -> None:
    offered = with_degrees(ANY, {"tensor_parallel_degree"}, 6)
    assert offered[:8] == ANY
    assert [one.tensor_parallel_degree for one in offered[::8]] == [1, 2, 4]


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        (Strategy(), [1, 2, 3, 4, 6, 8]),
        (Strategy(1), [2, 3, 4, 6, 8]),  # something to shard among
        (Strategy(0, tensor_parallel_degree=2), [2, 4, 6, 8]),
        (Strategy(3, tensor_parallel_degree=2), [4, 6, 8]),
    ],
)
def test_which_counts_a_strategy_suits(strategy: Strategy, counts: list[int]) -> None:
    assert [count for count in (1, 2, 3, 4, 6, 8) if strategy.suits(count)] == counts


def test_degrees_as_fleet_takes_them() -> None:
    def degrees(*strategy: int) -> list[int]:
        return [*Strategy(*strategy).hybrid_configs(8).values()]

    # data, tensor, pipeline, sharding
    assert degrees() == [8, 1, 1, 1]
    assert degrees(2) == [1, 1, 1, 8]
    assert degrees(0, False, 4) == [2, 4, 1, 1]
    assert degrees(1, True, 2) == [1, 2, 1, 4]
