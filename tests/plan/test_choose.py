from __future__ import annotations

from itertools import pairwise

import planning
import pytest

from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.plan.ranking import Measure, measures, weight
from estimator.plan.recommend import recommend
from estimator.plan.types import GpuAnswer, Objective, Question, Recommendation
from estimator.result import NothingFits

SMALL = planning.gpu("Small", memory_gib=16)
LARGE = planning.gpu("Large", memory_gib=80)
WORK = {"dataset_size": 36_000, "epochs": 10}


def ask(
    question: Question,
    *answers: GpuAnswer,
    gpus: tuple[GpuType, ...] = (SMALL, LARGE),
    efficiency: float = 0.9,
) -> Recommendation:
    helpers = planning.helpers(efficiency=efficiency)
    answer = recommend(question, answers, gpus, helpers, planning.report())
    assert isinstance(answer, Recommendation)
    return answer


def named(answer: Recommendation) -> tuple[str, int, int]:
    return (answer.plan.gpu, answer.plan.gpu_count, answer.plan.per_device_batch_size)


def reason_of(answer: Recommendation, gpu: str, count: int) -> str:
    return next(
        plan.reason for plan in answer.candidates if (plan.gpu, plan.gpu_count) == (gpu, count)
    )


def test_without_objective_the_least_memory_for_the_least_time_wins() -> None:
    # Small holds 16 GiB at 100/s: 0.16 GiB s a sample; Large 80 GiB at 300/s: 0.27
    small, large = planning.answer(SMALL, 100), planning.answer(LARGE, 300)
    answer = ask(Question(8, None), small, large)
    assert named(answer) == ("Small", 1, 32)
    assert reason_of(answer, "Large", 1) == "1.67x the GPU memory x hours of the chosen plan"
    # at 600/s Large takes 0.13: the larger card is worth it
    assert named(ask(Question(8, None), small, planning.answer(LARGE, 600)))[0] == "Large"


def test_without_objective_money_counts_where_all_have_a_price() -> None:
    small, large = planning.gpu("Small", 16, price=1.0), planning.gpu("Large", 80, price=2.0)
    answers = (planning.answer(small, 100), planning.answer(large, 300))
    # 1/100 against 2/300 a sample: Large is cheaper
    answer = ask(Question(8, None), *answers, gpus=(small, large))
    assert named(answer)[0] == "Large"
    assert reason_of(answer, "Small", 1) == "1.50x the cost of the chosen plan"


def test_gpu_hours_are_taken_at_their_word_and_the_alternative_is_named() -> None:
    answers = (planning.answer(SMALL, 100), planning.answer(LARGE, 300))
    answer = ask(Question(8, Objective.GPU_HOURS), *answers)
    assert named(answer) == ("Large", 1, 32)
    assert reason_of(answer, "Small", 1) == "3.00x the GPU-hours of the chosen plan"
    # efficiency 0.9: 1 / 0.9 = 1.11
    assert reason_of(answer, "Large", 2) == "1.11x the GPU-hours of the chosen plan"
    (said,) = (one for one in answer.reasons if one.startswith("without --minimize"))
    assert "1 x Small" in said
    assert "3.00x the GPU-hours" in said
    assert "0.60x the GPU memory x hours" in said  # 16/100 against 80/300


def test_time_takes_all_gpus_of_the_fastest_type() -> None:
    answers = (planning.answer(SMALL, 100), planning.answer(LARGE, 300))
    answer = ask(Question(8, Objective.TIME), *answers)
    assert named(answer) == ("Large", 8, 32)


def test_fewest_gpus_that_meet_the_deadline() -> None:
    # 360,000 samples in 20 min need 300/s: four of Small at 0.9 give 360, three give 270
    question = Question(8, Objective.GPUS, deadline_seconds=1200.0, **WORK)
    answer = ask(question, planning.answer(SMALL, 100))
    assert named(answer) == ("Small", 4, 32)
    assert reason_of(answer, "Small", 6) == "needs 6 GPUs where 4 would do"
    # 360,000 / 270 = 1333 s = 22 min, 133 s = 2 min too late
    assert reason_of(answer, "Small", 3) == "takes up to 22m, 2m beyond the deadline of 20m"
    assert any("the deadline of 20m is met" in reason for reason in answer.reasons)


def test_a_tie_goes_to_the_smaller_request() -> None:
    # Large is 5 % faster, which the interval of 10 % cannot tell: Small wins
    answers = (
        planning.answer(SMALL, 100, uncertainty=0.1),
        planning.answer(LARGE, 105, uncertainty=0.1),
    )
    answer = ask(Question(1, Objective.GPU_HOURS), *answers)
    assert named(answer)[0] == "Small"
    assert reason_of(answer, "Large", 1) == (
        "about the same GPU-hours (0.95x), but a larger request"
    )


def test_an_exact_difference_is_no_tie() -> None:
    answers = (planning.answer(SMALL, 100), planning.answer(LARGE, 105))
    assert named(ask(Question(1, Objective.GPU_HOURS), *answers))[0] == "Large"


def test_beyond_a_tenth_nothing_ties_however_wide_the_interval() -> None:
    answers = (
        planning.answer(SMALL, 100, uncertainty=0.5),
        planning.answer(LARGE, 112, uncertainty=0.5),
    )
    assert named(ask(Question(1, Objective.TIME), *answers))[0] == "Large"


def test_the_smallest_batch_that_is_fast_enough() -> None:
    # 95 % of 100 is reached from 96/s on
    speeds = {8: 80, 16: 96, 32: 100}
    answers = [planning.answer(SMALL, rate, batch) for batch, rate in speeds.items()]
    answer = ask(Question(1, None), *answers)
    assert named(answer)[2] == 16
    reasons = {plan.per_device_batch_size: plan.reason for plan in answer.candidates}
    assert reasons[8] == "83% of the throughput of batch 16 on the same GPUs"
    assert any("96% of the best throughput" in reason for reason in answer.reasons)


def test_a_multiple_of_eight_is_preferred_among_the_fast_ones() -> None:
    answers = [planning.answer(SMALL, rate, batch) for batch, rate in {31: 99, 32: 100}.items()]
    assert named(ask(Question(1, None), *answers))[2] == 32


def test_batches_that_do_not_fit_are_left_out_of_the_choice() -> None:
    answers = [
        planning.answer(SMALL, 50, batch=8, memory_gib=10),
        planning.answer(SMALL, 100, batch=64, memory_gib=20),
    ]
    answer = ask(Question(1, None), *answers)
    assert named(answer)[2] == 8
    assert "short by 4.00 GiB" in answer.candidates[-1].reason


def test_a_pinned_batch_is_kept_though_it_is_slow() -> None:
    answers = [planning.answer(SMALL, 10, batch=4), planning.answer(SMALL, 100, batch=64)]
    answer = ask(Question(1, None, pinned_batch_size=4), *answers)
    assert named(answer)[2] == 4
    assert "batch 4 per device was asked for" in answer.reasons


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [("Momentum", "by about 4 (linear rule)"), ("AdamW", "by about 2 (square-root rule)")],
)
def test_another_global_batch_comes_with_a_learning_rate(optimizer: str, expected: str) -> None:
    report = planning.report(batch=32, optimizer=optimizer)
    answer = recommend(
        Question(1, None), [planning.answer(LARGE, 100, batch=128)], [LARGE], planning.helpers(),
        report,
    )  # fmt: skip
    assert isinstance(answer, Recommendation)
    (said,) = (one for one in answer.reasons if "learning rate" in one)
    assert "the global batch is 128, yours was 32" in said
    assert expected in said


def test_the_users_own_batch_and_precision_need_no_remark() -> None:
    answer = ask(Question(1, None), planning.answer(SMALL, 100, batch=32))
    assert not any("learning rate" in one or "instead of your" in one for one in answer.reasons)


def test_another_precision_is_said_and_not_taken_while_the_users_own_fits() -> None:
    answers = (
        planning.answer(SMALL, 100),
        planning.answer(SMALL, 300, precision=planning.BF16),
    )
    answer = ask(Question(1, None), *answers)
    assert answer.plan.precision == planning.FP32
    assert any("300 samples/s on the same GPUs (--amp O1" in one for one in answer.reasons)


def test_another_precision_is_taken_where_the_users_own_does_not_fit() -> None:
    answers = (
        planning.answer(SMALL, 100, memory_gib=90),
        planning.answer(SMALL, 300, precision=planning.BF16),
    )
    answer = ask(Question(1, None), *answers)
    assert answer.plan.precision == planning.BF16
    assert any("instead of your fp32" in reason for reason in answer.reasons)


def test_the_users_own_precision_wins_a_tie() -> None:
    answers = (
        planning.answer(SMALL, 104, precision=planning.BF16, uncertainty=0.1),
        planning.answer(SMALL, 100, uncertainty=0.1),
    )
    assert ask(Question(1, None), *answers).plan.precision == planning.FP32


def test_a_deadline_that_cannot_be_checked_is_said() -> None:
    answer = ask(Question(1, None, deadline_seconds=60.0), planning.answer(SMALL, 100))
    assert "the deadline was not checked: --dataset-size and --epochs not given" in answer.reasons
    assert any(one.startswith("plans are compared per sample") for one in answer.reasons)


def test_candidates_come_chosen_first_infeasible_last_each_with_a_reason() -> None:
    answers = (planning.answer(SMALL, 100, memory_gib=20), planning.answer(LARGE, 100))
    candidates = ask(Question(8, None), *answers).candidates
    assert len(candidates) == 12  # two types, counts 1 2 3 4 6 8
    assert all(before.feasible >= after.feasible for before, after in pairwise(candidates))
    assert all(plan.reason for plan in candidates)


def test_ranking_by_cost_needs_prices() -> None:
    assert measures(None, [planning.gpu(price=1.0), SMALL]) == (Measure.MEMORY_HOURS,)
    plan = ask(Question(1, None), planning.answer(SMALL, 100)).plan
    with pytest.raises(InternalError, match="no price"):
        weight(Measure.COST, plan, SMALL)


def test_a_free_gpu_is_the_cheapest() -> None:
    free, paid = planning.gpu("Free", 16, price=0.0), planning.gpu("Paid", 16, price=1.0)
    answers = (planning.answer(free, 1), planning.answer(paid, 1000))
    assert named(ask(Question(1, None), *answers, gpus=(free, paid)))[0] == "Free"


def nearest(question: Question, *answers: GpuAnswer) -> NothingFits:
    helpers = planning.helpers(efficiency=1.0)
    answer = recommend(question, answers, (SMALL, LARGE), helpers, planning.report())
    assert isinstance(answer, NothingFits)
    return answer


def test_nothing_fits_in_memory() -> None:
    # 20 GiB on 16: a quarter too much; 120 GiB on 80: a half
    answer = nearest(
        Question(2, None),
        planning.answer(LARGE, 100, batch=32, memory_gib=120),
        planning.answer(SMALL, 100, batch=16, memory_gib=20),
    )
    assert (answer.nearest.gpu, answer.nearest.gpu_count) == ("Small", 1)
    reason = answer.nearest.reason
    assert "needs up to 20.00 GiB, has 16.00 GiB, short by 4.00 GiB" in reason
    assert "batch below 16" in reason
    assert "--amp O1 --amp-dtype bfloat16" in reason
    assert "a larger GPU such as Large (80.00 GiB)" in reason
    assert answer.candidates[0] is answer.nearest


def test_nothing_larger_is_on_offer() -> None:
    answer = nearest(Question(1, None), planning.answer(LARGE, 100, batch=1, memory_gib=90))
    assert "a GPU with at least 90.00 GiB" in answer.nearest.reason
    assert "batch below" not in answer.nearest.reason


def test_no_gpu_is_fast_enough_but_more_would_be() -> None:
    # 360,000 samples in 15 min need 400/s: 4 GPUs at 100/s, 2 are allowed
    question = Question(2, None, deadline_seconds=900.0, **WORK)
    answer = nearest(question, planning.answer(SMALL, 100))
    assert answer.nearest.gpu_count == 2
    assert "takes up to 30m, 15m beyond" in answer.nearest.reason
    assert "--max-gpus 4" in answer.nearest.reason
    assert "a deadline of 30m" in answer.nearest.reason
    assert answer.candidates[-1].reason == "needs 4 GPUs, 2 allowed (--max-gpus)"


def test_no_number_of_gpus_meets_the_deadline() -> None:
    answer = nearest(Question(1, None, deadline_seconds=1.0, **WORK), planning.answer(SMALL, 100))
    assert "--max-gpus" not in answer.nearest.reason


def test_an_unsupported_precision_misses_by_more_than_anything() -> None:
    volta = planning.gpu("Volta", 16, capability=(7, 0))
    answer = recommend(
        Question(1, None),
        [planning.answer(volta, 100, precision=planning.BF16)],
        [volta],
        planning.helpers(),
        planning.report(),
    )
    assert isinstance(answer, NothingFits)
    assert "full precision (--amp off)" in answer.nearest.reason


def test_pinned_gpus_are_taken_and_said() -> None:
    answer = ask(
        Question(8, Objective.GPUS, pinned_gpus=4, pinned_nodes=2), planning.answer(SMALL, 100)
    )
    assert named(answer) == ("Small", 8, 32)
    assert answer.plan.nodes == 2
    assert "4 GPUs on each of 2 nodes were asked for" in " ".join(answer.reasons)


def test_more_gpus_than_a_node_has_says_how_to_ask() -> None:
    missed = recommend(
        Question(16, None, pinned_gpus=16, pinned_nodes=1),
        [planning.answer(SMALL, 100)],
        [SMALL],
        planning.helpers(),
        planning.report(),
    )
    assert isinstance(missed, NothingFits)
    assert "--nodes 2 --gpus 8" in missed.nearest.reason
