"""When no plan is feasible: the one that misses by least, and what would help."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from estimator.drystep.measurement import Precision
from estimator.gpus.types import GpuType
from estimator.plan.candidates import Inputs, gpu_counts, plan_for
from estimator.plan.feasibility import Limit, Shortfall, shortfalls, supports
from estimator.plan.reasons import remedies as reasons
from estimator.plan.types import CandidatePlan, GpuAnswer, is_made_of
from estimator.result import NothingFits
from estimator.values import Missing

LOOK_AHEAD = 8
"""How many times the allowed GPUs are tried when the deadline is missed."""

_HALF_PRECISIONS = (Precision("O1", "bfloat16"), Precision("O1", "float16"))


def nothing_fits(
    inputs: Inputs, answers: Sequence[GpuAnswer], rejected: Sequence[CandidatePlan]
) -> NothingFits:
    """The nearest miss of at least one infeasible plan, first among all of them."""
    nearest, *others = rejected_by_miss(inputs, rejected)
    beyond = _with_more_gpus(inputs, answers, nearest)
    helps = [reasons.allow_gpus(plan.gpu_count) for plan in beyond]
    for shortfall in _broken(inputs, nearest):
        helps += _helps(inputs, nearest, shortfall)
    explained = replace(nearest, reason=reasons.nearest_miss(nearest.reason, helps))
    return NothingFits(explained, (explained, *others, *beyond))


def rejected_by_miss(
    inputs: Inputs, rejected: Sequence[CandidatePlan]
) -> tuple[CandidatePlan, ...]:
    """Infeasible plans, those that miss by least first."""
    return tuple(sorted(rejected, key=lambda plan: _miss(inputs, plan)))


def _miss(inputs: Inputs, plan: CandidatePlan) -> tuple[float, int, int]:
    """How far the plan is beyond its limits together; then the smaller request."""
    excess = sum(shortfall.excess for shortfall in _broken(inputs, plan))
    return (excess, plan.gpu_count, plan.memory.capacity_bytes)


def _broken(inputs: Inputs, plan: CandidatePlan) -> tuple[Shortfall, ...]:
    return shortfalls(plan, inputs.gpus[plan.gpu], inputs.question)


def _with_more_gpus(
    inputs: Inputs, answers: Sequence[GpuAnswer], nearest: CandidatePlan
) -> list[CandidatePlan]:
    """The nearest plan with the fewest GPUs, beyond those allowed, that meet the deadline."""
    if [one.limit for one in _broken(inputs, nearest)] != [Limit.DEADLINE]:
        return []
    question = inputs.question
    if question.pinned_gpus is not None or question.pinned_nodes is not None:
        return []
    allowed = question.max_gpus
    gpu = inputs.gpus[nearest.gpu]
    answer = next(one for one in answers if is_made_of(nearest, one))
    counts = gpu_counts(allowed * LOOK_AHEAD, gpu.gpus_per_node)
    for count in (count for count in counts if count > allowed):
        plan = plan_for(inputs, answer, count)
        if [one.limit for one in _broken(inputs, plan)] == [Limit.GPUS]:
            return [plan]
    return []


def _helps(inputs: Inputs, plan: CandidatePlan, shortfall: Shortfall) -> Iterator[str]:
    gpu = inputs.gpus[plan.gpu]
    if shortfall.limit is Limit.MEMORY:
        if plan.per_device_batch_size > 1:
            yield reasons.smaller_batch(plan.per_device_batch_size)
        yield from _half_precision(plan, gpu)
        yield _larger_gpu(inputs, plan.memory.device_memory.upper)
        yield reasons.recompute_or_sharding()
    if shortfall.limit is Limit.DEADLINE and not isinstance(plan.duration_seconds, Missing):
        yield from _half_precision(plan, gpu)
        yield reasons.later_deadline(plan.duration_seconds.upper)
    if shortfall.limit is Limit.NODE:
        yield reasons.spread_over_nodes(plan.gpu_count, gpu.gpus_per_node)
    if shortfall.limit is Limit.PRECISION:
        yield reasons.drop_amp()


def _half_precision(plan: CandidatePlan, gpu: GpuType) -> Iterator[str]:
    if plan.precision.amp_level == "off":
        usable = [half.dtype for half in _HALF_PRECISIONS if supports(gpu, half)]
        yield from (reasons.use_amp(dtype) for dtype in usable[:1])


def _larger_gpu(inputs: Inputs, needed: int) -> str:
    large = [gpu for gpu in inputs.gpus.values() if gpu.memory_bytes >= needed]
    if not large:
        return reasons.gpu_with(needed)
    return reasons.larger_gpu(min(large, key=lambda gpu: gpu.memory_bytes))
