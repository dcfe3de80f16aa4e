"""Plans where nothing says how fast a GPU type is."""

from __future__ import annotations

from dataclasses import replace

import planning
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.plan.candidates import Inputs, plan_for
from estimator.plan.host import HostAssumptions, host_request
from estimator.plan.intervals import inverse, product, scaled
from estimator.plan.ranking import Measure, amount, contenders_without_times
from estimator.plan.recommend import recommend
from estimator.plan.types import CandidatePlan, GpuAnswer, Objective, Question, Recommendation
from estimator.result import NothingFits
from estimator.values import Missing

SMALL = planning.gpu("Small", memory_gib=16)
MIDDLE = planning.gpu("Middle", memory_gib=24)
LARGE = planning.gpu("Large", memory_gib=80, price=1.0)
TYPES = (LARGE, MIDDLE, SMALL)
WHY = planning.NO_TIME.reason
WORK = {"dataset_size": 36_000, "epochs": 10}


def ask(question: Question, *answers: GpuAnswer) -> Recommendation:
    outcome = recommend(question, answers, TYPES, planning.helpers(), planning.report(batch=32))
    assert isinstance(outcome, Recommendation)
    return outcome


def untimed(of: GpuType, batch: int = 32, **rest: object) -> GpuAnswer:
    return planning.untimed(planning.answer(of, 1.0, batch, **rest))  # type: ignore[arg-type]


def named(answer: Recommendation) -> tuple[str, int, int]:
    return (answer.plan.gpu, answer.plan.gpu_count, answer.plan.per_device_batch_size)


def reason_of(answer: Recommendation, gpu: str, count: int, batch: int = 32) -> str:
    wanted = (gpu, count, batch)
    return next(
        plan.reason
        for plan in answer.candidates
        if (plan.gpu, plan.gpu_count, plan.per_device_batch_size) == wanted
    )


def plan(of: GpuType = SMALL, count: int = 1, question: Question | None = None) -> CandidatePlan:
    question = question or Question(8, None)
    inputs = Inputs(question, {of.name: of}, planning.helpers(), planning.report())
    return plan_for(inputs, untimed(of), count)


# ---- one plan ---------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [SMALL, LARGE])  # without and with a price
def test_all_that_takes_a_time_is_missing_for_the_same_reason(of: GpuType) -> None:
    one = plan(of, 2, Question(8, None, deadline_seconds=1.0, **WORK))
    figures = (one.step_seconds, one.throughput, one.scaling_efficiency)
    assert {*figures, one.duration_seconds, one.gpu_hours, one.cost} == {planning.NO_TIME}
    assert one.feasible  # a deadline that cannot be judged does not reject


def test_one_gpu_scales_without_a_time() -> None:
    assert not isinstance(plan().scaling_efficiency, Missing)


def test_memory_of_several_gpus_needs_no_time() -> None:
    assert plan(count=2).memory.reserved_bytes > plan(count=1).memory.reserved_bytes


@given(st.floats(0.1, 10), st.booleans())
def test_arithmetic_keeps_the_first_reason(value: float, first: bool) -> None:
    known, missing = planning.spread(value, 0.1), Missing("a")
    assert scaled(missing, 2.0, "") == inverse(missing, 2.0, "") == missing
    pair = (missing, known) if first else (known, missing)
    assert product(*pair, "") == missing
    assert product(missing, Missing("b"), "") == missing


# ---- the choice -------------------------------------------------------------------------------


def test_the_fewest_gpus_then_the_least_gpu_memory() -> None:
    answer = ask(Question(8, None), untimed(LARGE), untimed(SMALL), untimed(MIDDLE))
    assert named(answer) == ("Small", 1, 32)
    assert reason_of(answer, "Small", 2) == "needs 2 GPUs where 1 would do"
    # 24 / 16 and 80 / 16 GiB
    assert reason_of(answer, "Middle", 1) == "1.50x the GPU memory of the chosen plan"
    assert reason_of(answer, "Large", 1) == "5.00x the GPU memory of the chosen plan"
    first_of_each = [(one.gpu, one.gpu_count) for one in answer.candidates[:3]]
    assert first_of_each == [("Small", 1), ("Middle", 1), ("Large", 1)]


def test_more_gpus_stay_listed() -> None:
    counts = [one.gpu_count for one in ask(Question(8, None), untimed(SMALL)).candidates]
    assert counts == [1, 2, 3, 4, 6, 8]


def test_the_reasons_say_that_there_are_no_times_and_what_decided() -> None:
    reasons = ask(Question(1, None), untimed(SMALL), untimed(LARGE)).reasons
    assert f"no step time: {WHY}" in reasons
    assert any(one.startswith("without step times: fewest GPUs of 2 feasible") for one in reasons)
    assert not any("could not be judged" in one for one in reasons)
    assert not any("--minimize" in one for one in reasons)


@pytest.mark.parametrize("objective", [Objective.TIME, Objective.GPU_HOURS])
def test_an_objective_in_time_could_not_be_judged(objective: Objective) -> None:
    answer = ask(Question(8, objective), untimed(SMALL), untimed(LARGE))
    assert named(answer) == ("Small", 1, 32)
    assert f"--minimize {objective} could not be judged: {WHY}" in answer.reasons


def test_fewest_gpus_can_be_judged() -> None:
    reasons = ask(Question(8, Objective.GPUS), untimed(SMALL)).reasons
    assert not any("could not be judged" in one for one in reasons)


@pytest.mark.parametrize("work", [WORK, {}])
def test_a_deadline_could_not_be_judged(work: dict[str, int]) -> None:
    answer = ask(Question(8, None, deadline_seconds=1.0, **work), untimed(SMALL))
    assert f"the deadline was not checked: {WHY}" in answer.reasons


def test_the_asked_batch_is_kept_where_it_fits_any_type() -> None:
    answer = ask(Question(1, None), untimed(SMALL, 16), untimed(MIDDLE, 32), untimed(LARGE, 256))
    assert named(answer) == ("Middle", 1, 32)
    assert any("batch 32 per device is kept" in one for one in answer.reasons)
    for other in (("Small", 16), ("Large", 256)):
        assert reason_of(answer, other[0], 1, other[1]).startswith("batch 32 is preferred")


def test_else_the_largest_batch_that_fits_is_taken() -> None:
    answer = ask(
        Question(1, None),
        untimed(SMALL, 8),
        untimed(SMALL, 32, memory_gib=20),
        untimed(LARGE, 16),
        untimed(MIDDLE, 16),
    )
    assert named(answer) == ("Middle", 1, 16)
    assert any("batch 16 per device is the largest" in one for one in answer.reasons)


def test_a_pinned_batch_is_said() -> None:
    answer = ask(Question(1, None, pinned_batch_size=8), untimed(SMALL, 8), untimed(SMALL, 32))
    assert named(answer) == ("Small", 1, 8)
    assert "batch 8 per device was asked for" in answer.reasons


def test_the_users_own_precision_is_kept() -> None:
    half = untimed(SMALL, precision=planning.FP16)
    answer = ask(Question(1, None), half, untimed(SMALL))
    assert answer.plan.precision == planning.FP32
    assert answer.candidates[1].reason == (
        "the same request; without step times nothing speaks for amp-O1-float16"
    )


def test_the_users_own_precision_goes_before_the_asked_batch() -> None:
    answer = ask(Question(1, None), untimed(SMALL, 16), untimed(SMALL, 32, precision=planning.FP16))
    assert (answer.plan.precision, answer.plan.per_device_batch_size) == (planning.FP32, 16)


def test_memory_and_precision_still_reject() -> None:
    outcome = recommend(
        Question(8, Objective.TIME, deadline_seconds=1.0, **WORK),
        [untimed(SMALL, memory_gib=20)],
        TYPES,
        planning.helpers(),
        planning.report(),
    )
    assert isinstance(outcome, NothingFits)
    assert "short by 4.00 GiB" in outcome.nearest.reason


# ---- some types have a time, some not ---------------------------------------------------------


def test_plans_with_a_time_go_first_and_the_others_are_named() -> None:
    answer = ask(Question(1, None), planning.answer(LARGE, 100), untimed(MIDDLE), untimed(SMALL))
    assert named(answer) == ("Large", 1, 32)
    assert [one.gpu for one in answer.candidates] == ["Large", "Small", "Middle"]
    assert reason_of(answer, "Small", 1) == f"not compared, it has no step time: {WHY}"
    said = f"2 other feasible plans have no step time, so not compared: {WHY}"
    assert said in answer.reasons


def test_types_without_a_time_are_left_where_the_timed_ones_are_too_slow() -> None:
    question = Question(1, Objective.TIME, deadline_seconds=60.0, **WORK)
    answer = ask(question, planning.answer(LARGE, 100), untimed(SMALL))
    assert named(answer) == ("Small", 1, 32)
    assert f"the deadline was not checked: {WHY}" in answer.reasons
    assert not answer.candidates[-1].feasible


def test_batches_with_a_time_are_chosen_among_themselves() -> None:
    answer = ask(
        Question(1, None), planning.answer(LARGE, 50, 8), planning.answer(LARGE, 100, 16),
        untimed(LARGE, 32),
    )  # fmt: skip
    assert named(answer) == ("Large", 1, 16)
    assert reason_of(answer, "Large", 1, 8) == (
        "50% of the throughput of batch 16 on the same GPUs"
    )
    assert any("among the sizes run that fit (8, 16)" in one for one in answer.reasons)


# ---- ranking and host -------------------------------------------------------------------------


def test_ranking_by_a_time_that_is_missing_is_our_own_fault() -> None:
    with pytest.raises(InternalError, match="a step time it does not have"):
        amount(Measure.TIME, plan(), SMALL)


def test_contenders_without_times_share_one_batch_size() -> None:
    plans = [replace(plan(), per_device_batch_size=size) for size in (8, 16, 64)]
    for asked, expected in ((16, 16), (32, 64)):
        measured = planning.report(batch=asked).measurements[0]
        rivals = contenders_without_times(plans, measured)
        assert [one.per_device_batch_size for one in rivals.values()] == [expected]


def test_without_a_throughput_cores_are_the_assumed_minimum_and_say_so() -> None:
    asked = host_request(plan(count=2), planning.report(), HostAssumptions(min_workers=3))
    assert asked.cpu == 2 * (1 + 3)
    assert "an assumed minimum" in asked.cpu_reason
    assert WHY in asked.cpu_reason
