"""The plan to take, and for every other feasible one how it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from estimator.plan import reasons
from estimator.plan.candidates import Inputs
from estimator.plan.ranking import (
    GpuGroup,
    Measure,
    amount,
    best,
    contenders,
    group_of,
    measures,
)
from estimator.plan.types import CandidatePlan


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen plan, what it was ranked by, all feasible plans, and those among them that it
    was chosen from: one for each GPU type, count and precision.
    """

    plan: CandidatePlan
    ranking: tuple[Measure, ...]
    feasible: tuple[CandidatePlan, ...]
    contenders: Mapping[GpuGroup, CandidatePlan]


def choose(inputs: Inputs, feasible: Sequence[CandidatePlan]) -> Choice:
    """The best of at least one feasible plan, see :func:`estimator.plan.ranking.best`."""
    ranking = measures(inputs.question.objective, inputs.gpus.values())
    own = inputs.report.measurements[0].precision
    rivals = contenders(feasible)
    plan = best(list(rivals.values()), inputs.gpus, ranking, own)
    return Choice(plan, ranking, tuple(feasible), rivals)


def explained(inputs: Inputs, choice: Choice) -> tuple[CandidatePlan, ...]:
    """All feasible plans: the chosen one, then the others from best to worst, those with a batch
    size not to prefer last; each with how it compares.
    """

    def rank(plan: CandidatePlan) -> tuple[bool, tuple[float, ...]]:
        preferred = choice.contenders[group_of(plan)]
        return (plan is not preferred, amounts(inputs, choice, plan))

    others = [plan for plan in choice.feasible if plan is not choice.plan]
    return (
        replace(choice.plan, reason=reasons.chosen(choice.plan)),
        *(
            replace(plan, reason=comparison(inputs, choice, plan))
            for plan in sorted(others, key=rank)
        ),
    )


def comparison(inputs: Inputs, choice: Choice, plan: CandidatePlan) -> str:
    """Why a feasible plan was not chosen."""
    preferred = choice.contenders[group_of(plan)]
    if plan is not preferred:
        return _other_batch(plan, preferred)
    if Measure.GPUS in choice.ranking and plan.gpu_count > choice.plan.gpu_count:
        return reasons.more_gpus(plan.gpu_count, choice.plan.gpu_count)
    measure = choice.ranking[-1]
    factor = ratio(inputs, measure, plan, choice.plan)
    if factor > 1:
        return reasons.more_of(measure, factor)
    return reasons.no_better(measure, factor)


def ratio(inputs: Inputs, measure: Measure, plan: CandidatePlan, other: CandidatePlan) -> float:
    """How much of the measure ``plan`` takes for each unit that ``other`` takes."""
    mine, theirs = (amount(measure, one, inputs.gpus[one.gpu]) for one in (plan, other))
    return 1.0 if mine == theirs else mine / theirs if theirs else float("inf")


def amounts(inputs: Inputs, choice: Choice, plan: CandidatePlan) -> tuple[float, ...]:
    """The plan by each measure of the ranking."""
    gpu = inputs.gpus[plan.gpu]
    return tuple(amount(measure, plan, gpu) for measure in choice.ranking)


def _other_batch(plan: CandidatePlan, preferred: CandidatePlan) -> str:
    share = plan.throughput.target / preferred.throughput.target
    extra = plan.memory.device_memory.target - preferred.memory.device_memory.target
    batch = preferred.per_device_batch_size
    if extra > 0:
        return reasons.larger_batch(share, batch, extra)
    return reasons.slower_batch(share, batch)
