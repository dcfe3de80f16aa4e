"""The plan to take, and for every other feasible one how it compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from estimator.plan.candidates import Inputs
from estimator.plan.ranking import (
    WITHOUT_TIMES,
    GpuGroup,
    amount,
    best,
    contenders,
    contenders_without_times,
    group_of,
    measures,
    rate,
)
from estimator.plan.reasons import comparison as reasons
from estimator.plan.reasons.words import chosen
from estimator.plan.types import CandidatePlan, Measure
from estimator.values import Bounded, Missing


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen plan, what it was ranked by, all feasible plans, and those among them that it
    was chosen from: one for each GPU type, count and precision.
    """

    plan: CandidatePlan
    ranking: tuple[Measure, ...]
    feasible: tuple[CandidatePlan, ...]
    contenders: Mapping[GpuGroup, CandidatePlan]

    @property
    def compared(self) -> tuple[CandidatePlan, ...]:
        """The feasible plans that were ranked: those with a step time, or all if none has."""
        return tuple(plan for plan in self.feasible if self.compares(plan))

    def compares(self, plan: CandidatePlan) -> bool:
        """Whether a feasible plan was ranked."""
        has_time, needs_time = (isinstance(one.throughput, Bounded) for one in (plan, self.plan))
        return has_time or not needs_time


def choose(inputs: Inputs, feasible: Sequence[CandidatePlan]) -> Choice:
    """The best of at least one feasible plan, see :func:`estimator.plan.ranking.best`.

    Plans with a step time go before those without, which nothing can be said about but what
    they hold; only where no plan has one they are ranked by that.

    The user's own precision is kept where it is feasible: the YAML cannot switch mixed precision
    on inside the user's script. The other precisions stay as candidates with their figures.
    """
    asked = inputs.report.measurements[0]
    timed = [plan for plan in feasible if isinstance(plan.throughput, Bounded)]
    if timed:
        ranking = measures(inputs.question.objective, inputs.gpus.values())
        rivals = contenders(timed)
    else:
        ranking = WITHOUT_TIMES
        rivals = contenders_without_times(feasible, asked)
    same_precision = [plan for plan in rivals.values() if plan.precision == asked.precision]
    plan = best(same_precision or list(rivals.values()), inputs.gpus, ranking, asked.precision)
    return Choice(plan, ranking, tuple(feasible), rivals)


def explained(inputs: Inputs, choice: Choice) -> tuple[CandidatePlan, ...]:
    """All feasible plans: the chosen one, then the others from best to worst, those with a batch
    size not to prefer after them, those that could not be compared last; each with how it
    compares.
    """

    def rank(plan: CandidatePlan) -> tuple[int, tuple[float, ...]]:
        if not choice.compares(plan):
            return (2, amounts(inputs, WITHOUT_TIMES, plan))
        set_aside = plan is not choice.contenders.get(group_of(plan))
        return (int(set_aside), amounts(inputs, choice.ranking, plan))

    others = [plan for plan in choice.feasible if plan is not choice.plan]
    return (
        replace(choice.plan, reason=chosen(choice.plan)),
        *(
            replace(plan, reason=comparison(inputs, choice, plan))
            for plan in sorted(others, key=rank)
        ),
    )


def comparison(inputs: Inputs, choice: Choice, plan: CandidatePlan) -> str:
    """Why a feasible plan was not chosen."""
    if isinstance(plan.throughput, Missing) and not choice.compares(plan):
        return reasons.not_compared(plan.throughput)
    preferred = choice.contenders.get(group_of(plan))
    if plan is not preferred:
        return _other_batch(plan, preferred or choice.plan)
    if Measure.GPUS in choice.ranking and plan.gpu_count > choice.plan.gpu_count:
        return reasons.more_gpus(plan.gpu_count, choice.plan.gpu_count)
    measure = choice.ranking[-1]
    factor = ratio(inputs, measure, plan, choice.plan)
    if factor > 1:
        return reasons.more_of(measure, factor)
    if choice.ranking == WITHOUT_TIMES and plan.gpu == choice.plan.gpu:
        return reasons.other_precision_without_times(plan.precision)
    return reasons.no_better(measure, factor)


def ratio(inputs: Inputs, measure: Measure, plan: CandidatePlan, other: CandidatePlan) -> float:
    """How much of the measure ``plan`` takes for each unit that ``other`` takes."""
    mine, theirs = (amount(measure, one, inputs.gpus[one.gpu]) for one in (plan, other))
    return 1.0 if mine == theirs else mine / theirs if theirs else float("inf")


def amounts(inputs: Inputs, ranking: Sequence[Measure], plan: CandidatePlan) -> tuple[float, ...]:
    """The plan by each measure of the ranking."""
    gpu = inputs.gpus[plan.gpu]
    return tuple(amount(measure, plan, gpu) for measure in ranking)


def _other_batch(plan: CandidatePlan, preferred: CandidatePlan) -> str:
    batch = preferred.per_device_batch_size
    if isinstance(plan.throughput, Missing):
        return reasons.other_batch_without_times(batch)
    share = plan.throughput.target / rate(preferred).target
    extra = plan.memory.device_memory.target - preferred.memory.device_memory.target
    if extra > 0:
        return reasons.larger_batch(share, batch, extra)
    return reasons.slower_batch(share, batch)
