"""How many GPUs a strategy takes, and which of them a model offers."""

from __future__ import annotations

import pytest

from estimator.drystep.strategy import Strategy, strategies, with_degrees, with_groups

ANY = strategies(recompute=False)


def test_a_model_that_offers_nothing_has_the_strategies_of_any_model() -> None:
    assert with_degrees(ANY, (), 8, 8) == ANY


def test_degrees_are_powers_of_two_within_a_node() -> None:
    offered = with_degrees(ANY, {"tensor_parallel_degree"}, 6, 12)
    assert offered[:8] == ANY
    assert [one.tensor_parallel_degree for one in offered[::8]] == [1, 2, 4]


def test_a_pipeline_goes_over_all_nodes_with_the_sharding_that_it_bears() -> None:
    offered = with_degrees(ANY, {"pipeline_parallel_degree", "tensor_parallel_degree"}, 2, 4)
    degrees = {(one.pipeline_parallel_degree, one.tensor_parallel_degree) for one in offered}
    assert degrees == {(stages, degree) for stages in (1, 2, 4) for degree in (1, 2)}
    stages = {one.sharding_stage for one in offered if one.pipeline_parallel_degree > 1}
    assert stages == {0, 1}


@pytest.mark.parametrize(
    ("strategy", "counts"),
    [
        (Strategy(), [1, 2, 3, 4, 6, 8]),
        (Strategy(1), [2, 3, 4, 6, 8]),  # something to shard among
        (Strategy(0, tensor_parallel_degree=2), [2, 4, 6, 8]),
        (Strategy(3, tensor_parallel_degree=2), [4, 6, 8]),
        (Strategy(1, tensor_parallel_degree=2, pipeline_parallel_degree=2), [8]),
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
    assert degrees(0, False, 2, 2) == [2, 2, 2, 1]


@pytest.mark.parametrize(
    ("stages", "batch", "accumulate", "count"),
    [
        (1, 8, 1, 1),
        (1, 8, 4, 4),
        (1, 2, 4, 2),  # no more than samples
        (2, 32, 1, 8),  # four for each stage
        (2, 4, 1, 4),
        (2, 12, 1, 6),  # of equal size
        (4, 7, 1, 7),
        (4, 32, 2, 2),  # as the user says
    ],
)
def test_micro_batches_of_an_update(stages: int, batch: int, accumulate: int, count: int) -> None:
    strategy = Strategy(pipeline_parallel_degree=stages)
    assert strategy.micro_batches(batch, accumulate) == count


def test_what_shards_does_so_in_groups_too_the_faster_ones_first() -> None:
    several = with_groups(ANY[:2], {2, 4})
    assert several == (
        Strategy(),
        Strategy(1, sharding_groups=4),
        Strategy(1, sharding_groups=2),
        Strategy(1),
    )
    assert with_groups(ANY, ()) == ANY


def test_groups_share_the_gpus_among_them() -> None:
    halves = Strategy(1, sharding_groups=2)
    assert [count for count in (2, 4, 6, 8) if halves.suits(count)] == [4, 6, 8]
    assert [*halves.hybrid_configs(8).values()] == [2, 1, 1, 4]
    # Less is sharded, and less is sent far: it does less to save memory.
    assert halves.does_no_more_than(Strategy(1))
    assert not Strategy(1).does_no_more_than(halves)
    assert Strategy().does_no_more_than(halves)


def test_a_pinned_degree_is_the_only_one() -> None:
    both = {"tensor_parallel_degree", "pipeline_parallel_degree"}
    offered = with_degrees(ANY, both, 8, 8, {"tensor_parallel_degree": 3})
    assert {one.tensor_parallel_degree for one in offered} == {3}
    assert {one.pipeline_parallel_degree for one in offered} == {1, 2, 4, 8}
    whole = with_degrees(ANY, both, 8, 8, dict.fromkeys(both, 1))
    assert whole == ANY
