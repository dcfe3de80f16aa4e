"""Which of the feasible plans is best: what is counted, and when two plans count the same.

Measures that grow with time are taken per sample, so that plans are ranked alike with and
without a known dataset size: the number of samples is the same factor for every plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from estimator.drystep.measurement import Precision, StepMeasurement
from estimator.drystep.strategy import Strategy
from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.plan.types import CandidatePlan, Measure, Objective
from estimator.values import Bounded, Missing

ENOUGH_THROUGHPUT = 0.95
"""The batch sizes of one GPU type that count as equally fast, as a share of the fastest. Within
it the smaller batch is better: it leaves memory free and keeps the user's training recipe."""

TIE = 0.10
"""Two plans closer than this are never told apart by their target alone. Published repeats of
one and the same training benchmark differ by 0.1 % to 14 %."""

PREFERRED_BATCH_MULTIPLE = 8
"""Tensor cores reach full speed at multiples of 8 (NVIDIA, Deep Learning Performance guide)."""


GpuGroup = tuple[str, int, str, Strategy]
"""GPU type, count, precision and strategy: what plans share that differ in batch size alone."""


WITHOUT_TIMES = (Measure.GPUS, Measure.GPU_MEMORY)
"""What to rank by where no step time is known: neither grows with time, and both are exact."""


def measures(objective: Objective | None, gpus: Iterable[GpuType]) -> tuple[Measure, ...]:
    """What to rank by, in order; a later measure decides among equals of the earlier ones.

    Nothing said: **money** where every GPU type offered has a price, otherwise **device memory
    held times hours**. The latter stands for money: it charges a GPU by its size and for as
    long as it is held. So a small slow card does not win for being small, nor a large fast
    one for being fast; the one that turns its memory into the most throughput does. Counting
    plain GPU-hours as the default would always ask for the largest GPU of the catalogue.

    ``gpu-hours`` and ``time`` are taken at their word, all GPU types counting alike. ``gpus``
    leaves many equals; the rule above decides among them.
    """
    priced = not any(isinstance(gpu.price_per_hour, Missing) for gpu in gpus)
    usual = Measure.COST if priced else Measure.MEMORY_HOURS
    return {
        None: (usual,),
        Objective.GPU_HOURS: (Measure.GPU_HOURS,),
        Objective.TIME: (Measure.TIME,),
        Objective.GPUS: (Measure.GPUS, usual),
    }[objective]


def amount(measure: Measure, plan: CandidatePlan, gpu: GpuType) -> float:
    """The plan's target by this measure: per sample where it grows with time. Raises
    InternalError where that takes a step time or a price that the plan lacks.
    """
    held = weight(measure, plan, gpu)
    return held if measure in WITHOUT_TIMES else held / rate(plan).target


def tie_limit(measure: Measure, plan: CandidatePlan, gpu: GpuType) -> float:
    """Up to this amount another plan counts as equal to ``plan``: the upper end of the plan's
    own interval, but at most a tenth above its target. What does not grow with time is exact.
    """
    target = amount(measure, plan, gpu)
    if measure in WITHOUT_TIMES:
        return target
    return min(weight(measure, plan, gpu) / rate(plan).lower, target * (1 + TIE))


def best(
    plans: Sequence[CandidatePlan],
    gpus: Mapping[str, GpuType],
    ranking: Sequence[Measure],
    own: Precision,
) -> CandidatePlan:
    """The best of at least one feasible plan.

    Each measure keeps the plans that tie with its least; of those left over the smallest
    request wins: least device memory, fewest GPUs, least compute, the user's own precision, the
    strategy that changes least in a program.
    """
    left = list(plans)
    for measure in ranking:
        least = min(left, key=lambda plan: amount(measure, plan, gpus[plan.gpu]))
        limit = tie_limit(measure, least, gpus[least.gpu])
        left = [plan for plan in left if amount(measure, plan, gpus[plan.gpu]) <= limit]
    return min(left, key=lambda plan: _size(plan, gpus[plan.gpu], own))


def contenders(plans: Iterable[CandidatePlan]) -> dict[GpuGroup, CandidatePlan]:
    """Of each GPU type, count and precision, the plan with the batch size to prefer."""
    ordered = sorted(plans, key=group_of)
    return {group: preferred_batch(list(same)) for group, same in groupby(ordered, group_of)}


def preferred_batch(plans: Sequence[CandidatePlan]) -> CandidatePlan:
    """Of plans that differ in batch size alone, the smallest batch that is nearly as fast as
    the fastest, a multiple of 8 where there is one.
    """
    fastest = max(rate(plan).target for plan in plans)
    enough = [plan for plan in plans if rate(plan).target >= ENOUGH_THROUGHPUT * fastest]
    return min(enough, key=_batch_preference)


def contenders_without_times(
    plans: Sequence[CandidatePlan], asked: StepMeasurement
) -> dict[GpuGroup, CandidatePlan]:
    """Of each GPU type, count and precision, the plan with the asked per-device batch size; where
    no plan at the asked precision has it, those with the largest batch size at that precision.
    """
    same = [plan for plan in plans if plan.precision == asked.precision] or plans
    sizes = {plan.per_device_batch_size for plan in same}
    batch = asked.per_device_batch_size if asked.per_device_batch_size in sizes else max(sizes)
    return {group_of(plan): plan for plan in plans if plan.per_device_batch_size == batch}


def rate(plan: CandidatePlan) -> Bounded[float]:
    """The throughput of a plan that has one. Raises InternalError."""
    if isinstance(plan.throughput, Missing):
        raise InternalError(f"a plan on {plan.gpu} was ranked by a step time it does not have")
    return plan.throughput


def group_of(plan: CandidatePlan) -> GpuGroup:
    """The group of a plan."""
    return (plan.gpu, plan.gpu_count, plan.precision.label, plan.strategy)


def one_of_each_group(plans: Iterable[CandidatePlan]) -> tuple[CandidatePlan, ...]:
    """The first plan of each GPU type, count and precision, in the order given."""
    first: dict[GpuGroup, CandidatePlan] = {}
    for plan in plans:
        first.setdefault(group_of(plan), plan)
    return tuple(first.values())


def weight(measure: Measure, plan: CandidatePlan, gpu: GpuType) -> float:
    """What the plan holds by this measure; by one that grows with time, for each second of it."""
    if measure is Measure.TIME:
        return 1.0
    if measure in (Measure.MEMORY_HOURS, Measure.GPU_MEMORY):
        return float(plan.gpu_count * gpu.memory_bytes)
    if measure is Measure.COST:
        if isinstance(gpu.price_per_hour, Missing):
            raise InternalError(f"plans were ranked by cost, but {gpu.name} has no price")
        return plan.gpu_count * gpu.price_per_hour
    return float(plan.gpu_count)


def _batch_preference(plan: CandidatePlan) -> tuple[bool, int]:
    batch = plan.per_device_batch_size
    return (batch % PREFERRED_BATCH_MULTIPLE != 0, batch)


def _size(plan: CandidatePlan, gpu: GpuType, own: Precision) -> tuple[float, ...]:
    return (
        plan.gpu_count * gpu.memory_bytes,
        plan.gpu_count,
        gpu.fp32_flops,
        gpu.memory_bandwidth,
        plan.precision != own,
        plan.strategy.pipeline_parallel_degree,
        plan.strategy.tensor_parallel_degree,
        plan.strategy.sharding_stage,
        plan.strategy.recompute,
        plan.per_device_batch_size,
    )
