"""What holds for every question: checked on generated answers."""

from __future__ import annotations

from dataclasses import replace

import planning
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.plan.feasibility import shortfalls
from estimator.plan.ranking import ENOUGH_THROUGHPUT, TIE, Measure, amount, measures
from estimator.plan.recommend import recommend
from estimator.plan.types import CandidatePlan, GpuAnswer, Objective, Question, Recommendation
from estimator.result import NothingFits

TYPES = {
    name: planning.gpu(name, memory, capability=capability)
    for name, memory, capability in (
        ("T", 16, (7, 5)),
        ("L", 24, (8, 9)),
        ("A", 80, (8, 0)),
        ("H", 141, (9, 0)),
    )
}
PRICED = {name: replace(gpu, price_per_hour=float(len(name))) for name, gpu in TYPES.items()}
SLACK = (1 + TIE) / ENOUGH_THROUGHPUT * (1 + 1e-9)
"""A chosen plan is at most this far from the best: ties, and batches nearly as fast."""

answers = st.lists(
    st.builds(
        lambda name, rate, batch, memory, precision, unsure: planning.answer(
            TYPES[name], rate, batch, memory, precision, unsure
        ),
        st.sampled_from(sorted(TYPES)),
        st.floats(1, 1000),
        st.sampled_from([1, 2, 7, 8, 32, 100, 256]),
        st.floats(1, 160),
        st.sampled_from([planning.FP32, planning.FP16, planning.BF16]),
        st.floats(0, 0.5),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: (one.gpu, one.precision, one.memory.per_device_batch_size),
)
questions = st.builds(
    Question,
    max_gpus=st.integers(1, 20),
    objective=st.sampled_from([None, *Objective]),
    dataset_size=st.just(10_000),
    epochs=st.just(10),
    deadline_seconds=st.none() | st.floats(10, 100_000),
)
catalogues = st.sampled_from([TYPES, PRICED])


def ask(
    question: Question, given_: list[GpuAnswer], catalogue: dict[str, planning.GpuType]
) -> Recommendation | NothingFits:
    helpers = planning.helpers(efficiency=0.93)
    return recommend(question, given_, catalogue.values(), helpers, planning.report())


def objective(
    question: Question, plan: CandidatePlan, catalogue: dict[str, planning.GpuType]
) -> tuple[Measure, float]:
    measure = measures(question.objective, catalogue.values())[0]
    return measure, amount(measure, plan, catalogue[plan.gpu])


def slack(measure: Measure) -> float:
    return 1.0 if measure is Measure.GPUS else SLACK


@settings(max_examples=60)
@given(questions, answers, catalogues)
def test_the_chosen_plan_is_feasible_and_none_is_clearly_better(
    question: Question, given_: list[GpuAnswer], catalogue: dict[str, planning.GpuType]
) -> None:
    answer = ask(question, given_, catalogue)
    feasible = [plan for plan in answer.candidates if plan.feasible]
    if isinstance(answer, NothingFits):
        assert not feasible
        assert answer.nearest in answer.candidates
        return
    assert answer.plan in feasible
    assert shortfalls(answer.plan, catalogue[answer.plan.gpu], question) == ()
    own = [plan for plan in feasible if plan.precision == planning.FP32]
    rivals = own or feasible  # the user's own precision is kept where it is feasible
    assert answer.plan in rivals
    measure, mine = objective(question, answer.plan, catalogue)
    least = min(objective(question, plan, catalogue)[1] for plan in rivals)
    assert mine <= least * slack(measure)


@settings(max_examples=60)
@given(questions, answers, catalogues, st.integers(0, 30))
def test_more_allowed_gpus_never_make_it_worse(
    question: Question,
    given_: list[GpuAnswer],
    catalogue: dict[str, planning.GpuType],
    more: int,
) -> None:
    before = ask(question, given_, catalogue)
    after = ask(replace(question, max_gpus=question.max_gpus + more), given_, catalogue)
    if isinstance(before, NothingFits):
        return
    assert isinstance(after, Recommendation)
    if before.plan.precision != planning.FP32 == after.plan.precision:
        return  # the user's own precision became feasible, and is kept from then on
    measure, old = objective(question, before.plan, catalogue)
    assert objective(question, after.plan, catalogue)[1] <= old * slack(measure)


@settings(max_examples=60)
@given(questions, answers, catalogues)
def test_another_gpu_type_never_makes_it_worse(
    question: Question, given_: list[GpuAnswer], catalogue: dict[str, planning.GpuType]
) -> None:
    fewer = [one for one in given_ if one.gpu != given_[-1].gpu]
    if not fewer:
        return
    before, after = ask(question, fewer, catalogue), ask(question, given_, catalogue)
    if isinstance(before, NothingFits):
        return
    assert isinstance(after, Recommendation)
    if before.plan.precision != planning.FP32 == after.plan.precision:
        return  # the user's own precision became feasible, and is kept from then on
    measure, old = objective(question, before.plan, catalogue)
    assert objective(question, after.plan, catalogue)[1] <= old * slack(measure)


@settings(max_examples=30)
@given(questions, answers, catalogues)
def test_the_order_of_the_answers_does_not_matter(
    question: Question, given_: list[GpuAnswer], catalogue: dict[str, planning.GpuType]
) -> None:
    one, other = ask(question, given_, catalogue), ask(question, given_[::-1], catalogue)
    if isinstance(one, Recommendation):
        assert isinstance(other, Recommendation)
        assert objective(question, one.plan, catalogue) == objective(
            question, other.plan, catalogue
        )
