from __future__ import annotations

from dataclasses import replace
from math import inf

import planning
import pytest

from estimator.drystep.measurement import Precision
from estimator.drystep.strategy import Strategy
from estimator.messages import Language, translate
from estimator.plan.candidates import Inputs, plan_for
from estimator.plan.feasibility import Limit, shortfalls, supports
from estimator.plan.types import CandidatePlan, Question, SiteLimit, SiteMeasure
from estimator.units import GIB
from estimator.values import Bounded, Source

SMALL = planning.gpu("Small", memory_gib=16)
EASY = Question(8, None)


def plan(question: Question = EASY, **answer: object) -> CandidatePlan:
    inputs = Inputs(question, {"Small": SMALL}, planning.helpers(), planning.report())
    return plan_for(inputs, planning.answer(SMALL, 100, **answer), 1)  # type: ignore[arg-type]


def test_a_plan_within_all_limits_is_feasible() -> None:
    assert plan().feasible
    assert shortfalls(plan(), SMALL, EASY) == ()


def test_memory_is_judged_at_the_upper_bound_and_says_by_how_much() -> None:
    fits = plan(memory_gib=15)
    wide = Bounded(15 * GIB, 14 * GIB, 20 * GIB, Source.VIRTUAL, "test")
    unsure = replace(fits, memory=replace(fits.memory, device_memory=wide))
    (one,) = shortfalls(unsure, SMALL, EASY)
    assert one.limit is Limit.MEMORY
    assert one.excess == pytest.approx(0.25)  # 20 of 16 GiB
    assert "needs up to 20.00 GiB, has 16.00 GiB, short by 4.00 GiB" in one.reason


def test_a_deadline_is_judged_at_the_upper_bound() -> None:
    # 360,000 samples at 100/s: 1 h; at the lower throughput of 80/s: 1h 15m
    question = Question(8, None, dataset_size=36_000, epochs=10, deadline_seconds=4000.0)
    late = plan(question, uncertainty=0.2)
    assert not late.feasible
    (one,) = shortfalls(late, SMALL, question)
    assert one.limit is Limit.DEADLINE
    assert one.excess == pytest.approx(4500 / 4000 - 1)
    assert "1h 15m" in one.reason
    assert plan(replace(question, deadline_seconds=4500.0), uncertainty=0.2).feasible


def test_a_deadline_of_nothing_is_missed_without_end() -> None:
    question = Question(8, None, dataset_size=1, epochs=1, deadline_seconds=0.0)
    (one,) = shortfalls(plan(question), SMALL, question)
    assert one.excess == inf


def test_a_deadline_without_a_dataset_cannot_be_missed() -> None:
    assert plan(Question(8, None, deadline_seconds=1.0)).feasible


def test_too_many_gpus() -> None:
    (one,) = shortfalls(replace(plan(), gpu_count=6), SMALL, Question(4, None))
    assert one.limit is Limit.GPUS
    assert one.excess == pytest.approx(0.5)
    assert one.reason == "needs 6 GPUs, 4 allowed (--max-gpus)"


WHO = "platform team (policy.yaml:1): one rack"


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (SiteLimit(SiteMeasure.GPUS, 8, (), WHO), f"needs 16 GPUs, policy allows 8: {WHO}"),
        (SiteLimit(SiteMeasure.NODES, 1, (), WHO), f"needs 2 nodes, policy allows 1: {WHO}"),
        (
            SiteLimit(SiteMeasure.GPUS_PER_NODE, 4, (), WHO),
            f"needs 8 GPUs on each node, policy allows 4: {WHO}",
        ),
        (
            SiteLimit(SiteMeasure.GPU_TYPES, None, ("A100*", "H100*"), WHO),
            f"policy allows A100*, H100*, not Small: {WHO}",
        ),
    ],
)
def test_policy_of_the_site(limit: SiteLimit, said: str) -> None:
    question = Question(64, None, site_limits=(limit,))
    (one,) = shortfalls(replace(plan(), gpu_count=16, nodes=2), SMALL, question)
    assert (one.limit, one.reason) == (Limit.POLICY, said)


@pytest.mark.parametrize("pattern", ["Small", "sm*", "S?all"])
def test_allowed_gpu_type(pattern: str) -> None:
    allowed = SiteLimit(SiteMeasure.GPU_TYPES, None, (pattern,), WHO)
    assert shortfalls(plan(), SMALL, Question(8, None, site_limits=(allowed,))) == ()


@pytest.mark.parametrize(
    ("capability", "precision", "expected"),
    [
        ((6, 1), planning.FP16, False),  # P4, P40: Paddle would run float32
        ((7, 0), planning.FP16, True),  # V100
        ((7, 5), planning.BF16, False),  # T4
        ((8, 0), planning.BF16, True),  # A100
        ((6, 1), planning.FP32, True),
        ((6, 1), Precision("off", "float16"), True),  # AMP off: the dtype says nothing
        ((9, 0), Precision("O2", "bfloat16"), True),
    ],
)
def test_what_paddle_runs_on_which_gpu(
    capability: tuple[int, int], precision: Precision, expected: bool
) -> None:
    assert supports(planning.gpu(capability=capability), precision) is expected


def test_all_broken_limits_are_said() -> None:
    volta = planning.gpu("Small", memory_gib=16, capability=(7, 0))
    inputs = Inputs(EASY, {"Small": volta}, planning.helpers(), planning.report())
    asked = planning.answer(volta, 100, memory_gib=17, precision=planning.BF16)
    reason = plan_for(inputs, asked, 1).reason
    assert "compute capability 7.0" in reason
    assert "short by 1.00 GiB" in reason


def test_reasons_are_told_in_the_readers_language() -> None:
    limits = (
        SiteLimit(SiteMeasure.GPU_TYPES, None, ("A100*",), "a.yaml:1"),
        SiteLimit(SiteMeasure.GPU_TYPES, None, ("H100*",), "b.yaml:1"),
    )
    one = plan(replace(EASY, site_limits=limits[:1]))
    assert translate(one.reason, Language.ZH) == "规定只允许 A100*，不允许 Small：a.yaml:1"
    two = plan(replace(EASY, site_limits=limits))
    assert two.reason.count("; ") == 1
    assert translate(two.reason, Language.ZH) == (
        "规定只允许 A100*，不允许 Small：a.yaml:1；规定只允许 H100*，不允许 Small：b.yaml:1"
    )


def test_a_plan_of_another_degree_than_the_pinned_one_is_none() -> None:
    degrees = (("tensor_parallel_degree", 2), ("pipeline_parallel_degree", 1))
    question = Question(8, None, pinned_degrees=degrees)
    (one,) = shortfalls(plan(question), SMALL, question)
    assert (one.limit, one.excess) == (Limit.DEGREES, inf)
    assert "tensor_parallel_degree=2 is asked for" in one.reason
    halves = replace(plan(question), strategy=Strategy(tensor_parallel_degree=2))
    assert shortfalls(halves, SMALL, question) == ()
