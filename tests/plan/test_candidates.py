from __future__ import annotations

import planning
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import InternalError
from estimator.plan.candidates import (
    Inputs,
    candidate_plans,
    counts_asked_for,
    gpu_counts,
    gradient_bucket_bytes,
    measurement_at,
    plan_for,
)
from estimator.plan.types import Collaborators, Question
from estimator.units import GIB, MIB
from estimator.values import Bounded, Missing, Source

SMALL = planning.gpu("Small", price=2.0)


def inputs(question: Question, collaborators: Collaborators | None = None) -> Inputs:
    return Inputs(
        question, {"Small": SMALL}, collaborators or planning.helpers(), planning.report()
    )


@pytest.mark.parametrize(
    ("max_gpus", "per_node", "expected"),
    [
        (1, 8, (1,)),
        (6, 8, (1, 2, 3, 4, 6)),
        (7, 8, (1, 2, 3, 4, 6)),
        (8, 8, (1, 2, 3, 4, 6, 8)),
        (15, 8, (1, 2, 3, 4, 6, 8)),
        (40, 8, (1, 2, 3, 4, 6, 8, 16, 24, 32)),
        (10, 10, (1, 2, 3, 4, 6, 8, 10)),
        (4, 1, (1, 2, 3, 4)),
        (4, 2, (1, 2, 4)),
    ],
)
def test_counts_are_part_of_a_node_or_whole_nodes(
    max_gpus: int, per_node: int, expected: tuple[int, ...]
) -> None:
    assert gpu_counts(max_gpus, per_node) == expected


@given(st.integers(1, 300), st.integers(0, 300), st.integers(1, 16))
def test_more_allowed_gpus_never_take_a_count_away(fewer: int, more: int, per_node: int) -> None:
    assert set(gpu_counts(fewer, per_node)) <= set(gpu_counts(fewer + more, per_node))


def test_duration_hours_and_cost_carry_their_intervals() -> None:
    question = Question(4, None, dataset_size=36_000, epochs=10)
    asked = planning.answer(SMALL, rate=100, uncertainty=0.2)
    plan = plan_for(inputs(question, planning.helpers(efficiency=0.5)), asked, 4)
    # 4 x 100 samples/s x 0.5 = 200 samples/s, of 160 to 240
    assert plan.throughput.target == pytest.approx(200)
    # 360,000 samples: 1800 s at 200/s, 1500 s at 240/s, 2250 s at 160/s
    assert isinstance(plan.duration_seconds, Bounded)
    assert plan.duration_seconds.target == pytest.approx(1800)
    assert plan.duration_seconds.lower == pytest.approx(1500)
    assert plan.duration_seconds.upper == pytest.approx(2250)
    # 4 GPUs for half an hour, at 2 an hour each
    assert isinstance(plan.gpu_hours, Bounded)
    assert plan.gpu_hours.target == pytest.approx(2)
    assert isinstance(plan.cost, Bounded)
    assert plan.cost.target == pytest.approx(4)
    # one step of 32 samples: 0.32 s alone, twice that at efficiency 0.5
    assert plan.step_seconds.target == pytest.approx(0.64)
    assert plan.global_batch_size == 128


def test_what_is_unknown_says_why() -> None:
    plan = plan_for(inputs(Question(1, None, epochs=3)), planning.answer(SMALL, 100), 1)
    assert plan.duration_seconds == Missing("--dataset-size not given")
    assert plan.gpu_hours == plan.cost == plan.duration_seconds
    neither = plan_for(inputs(Question(1, None)), planning.answer(SMALL, 100), 1)
    assert neither.duration_seconds == Missing("--dataset-size and --epochs not given")


def test_no_price_no_cost() -> None:
    question = Question(1, None, dataset_size=100, epochs=1)
    free = planning.gpu("Small")
    given_ = Inputs(question, {"Small": free}, planning.helpers(), planning.report())
    assert plan_for(given_, planning.answer(free, 100), 1).cost == planning.UNPRICED


def test_data_parallel_adds_gradient_buckets_and_communication_buffers() -> None:
    given_ = inputs(Question(2, None), planning.helpers(communication=300 * MIB))
    asked = planning.answer(SMALL, 100, memory_gib=8)
    assert plan_for(given_, asked, 1).memory == asked.memory
    memory = plan_for(given_, asked, 2).memory
    # half of 1 GiB of parameters is trainable: 0.5 GiB of gradients, once more as buckets
    assert memory.reserved_bytes == 8 * GIB + GIB // 2
    assert memory.device_memory.target == 8 * GIB + GIB // 2 + 300 * MIB
    assert "512.0 MiB" in memory.device_memory.reason


def test_a_model_without_parameters_has_no_buckets() -> None:
    from dataclasses import replace

    report = planning.report()
    empty = replace(report, model=replace(report.model, parameters=0, trainable_parameters=0))
    assert gradient_bucket_bytes(empty, planning.FP32) == 0


def test_one_gpu_never_asks_for_a_scaling_efficiency() -> None:
    def must_not_be_asked(*_: object) -> Bounded[float]:
        raise AssertionError

    alone = Collaborators(must_not_be_asked, planning.helpers().device_overhead)
    plan = plan_for(inputs(Question(1, None), alone), planning.answer(SMALL, 100), 1)
    assert plan.scaling_efficiency.target == 1.0


def test_the_scaling_efficiency_is_asked_for_gpus_and_nodes() -> None:
    asked: list[tuple[int, int]] = []

    def efficiency(_: object, __: object, count: int, nodes: int) -> Bounded[float]:
        asked.append((count, nodes))
        return Bounded.exact(1.0, Source.ASSUMED, "test")

    helpers = Collaborators(efficiency, planning.helpers().device_overhead)
    plans = candidate_plans(inputs(Question(16, None), helpers), [planning.answer(SMALL, 100)])
    assert asked == [(2, 1), (3, 1), (4, 1), (6, 1), (8, 1), (16, 2)]
    assert [plan.nodes for plan in plans] == [1, 1, 1, 1, 1, 1, 2]


def test_a_pinned_batch_keeps_its_answers_only() -> None:
    answers = [planning.answer(SMALL, 100, batch=16), planning.answer(SMALL, 100, batch=32)]
    pinned = Question(1, None, pinned_batch_size=32)
    plans = candidate_plans(inputs(pinned), answers)
    assert [plan.per_device_batch_size for plan in plans] == [32]


def test_answers_that_do_not_match_are_our_own_fault() -> None:
    asked = planning.answer(SMALL, 100, batch=16)
    with pytest.raises(InternalError, match="no GPU type was answered"):
        candidate_plans(inputs(Question(1, None)), [])
    with pytest.raises(InternalError, match="no GPU type was answered"):
        candidate_plans(inputs(Question(1, None, pinned_batch_size=32)), [asked])
    with pytest.raises(InternalError, match="Other was answered"):
        candidate_plans(inputs(Question(1, None)), [planning.answer(planning.gpu("Other"), 1)])


def test_a_precision_that_was_not_measured_uses_the_users_own_measurement() -> None:
    report = planning.report()
    assert measurement_at(report, planning.BF16) is report.measurements[0]


def test_a_report_without_measurement_is_our_own_fault() -> None:
    from dataclasses import replace

    with pytest.raises(InternalError, match="without a measured step"):
        measurement_at(replace(planning.report(), measurements=()), planning.FP32)


@pytest.mark.parametrize(
    ("gpus", "nodes", "expected"),
    [
        (8, 4, (32,)),
        (3, 1, (3,)),
        (5, 1, (5,)),  # no count of the ladder, but the user's
        (None, 2, (2, 4, 6, 8, 12, 16)),  # 1, 2, 3, 4, 6, 8 on each of two nodes
        (None, None, (1, 2, 3, 4, 6, 8, 16)),
    ],
)
def test_counts_that_the_user_decided(
    gpus: int | None, nodes: int | None, expected: tuple[int, ...]
) -> None:
    question = Question(16, None, pinned_gpus=gpus, pinned_nodes=nodes)
    assert counts_asked_for(question, SMALL) == expected


def test_pinned_nodes_are_the_nodes_of_the_plan() -> None:
    """4 GPUs would fit on one node of 8; the user wants them on two."""
    question = Question(8, None, pinned_gpus=2, pinned_nodes=2)
    [plan] = candidate_plans(inputs(question), [planning.answer(SMALL, 100)])
    assert (plan.gpu_count, plan.nodes, plan.feasible) == (4, 2, True)


def test_more_gpus_than_a_node_has_is_not_feasible() -> None:
    question = Question(16, None, pinned_gpus=16, pinned_nodes=1)
    [plan] = candidate_plans(inputs(question), [planning.answer(SMALL, 100)])
    assert not plan.feasible
    assert "a node of Small has 8 GPUs, 16 are asked for" in plan.reason
