"""The parts of the document that tell of GPU types, plans and the recommendation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estimator.document.figure import figure, known
from estimator.document.plan_parts import (
    BatchPart,
    DataFeedPart,
    EvidencePart,
    GpuPart,
    LayerPart,
    LearntPart,
    PlanPart,
    RecommendationPart,
)
from estimator.memory.layers import device_memory_layers
from estimator.plan.types import CandidatePlan, DataFeed, Recommendation
from estimator.result import GpuRow, Learnt, NothingFits
from estimator.values import Missing


def gpu_part(row: GpuRow) -> GpuPart:
    """A GPU type at the asked batch size."""
    memory, step = row.memory, row.step_time
    return GpuPart(
        name=row.gpu.name,
        fits=memory.fits,
        precision=row.precision.label,
        per_device_batch_size=memory.per_device_batch_size,
        reserved_bytes=memory.reserved_bytes,
        capacity_bytes=memory.capacity_bytes,
        context_bytes=figure(memory.overhead.context),
        communication_bytes=figure(memory.overhead.communication),
        device_memory_bytes=figure(memory.device_memory),
        max_per_device_batch_size=row.max_per_device_batch_size,
        step_time_s=figure(step if isinstance(step, Missing) else step.step_seconds),
        throughput_samples_per_s=figure(step if isinstance(step, Missing) else step.throughput),
        time_share={} if isinstance(step, Missing) else dict(step.share),
        device_memory_layers=[
            LayerPart(name=layer.name, **figure(layer.size).model_dump())
            for layer in device_memory_layers(memory)
        ],
        learnt=[_learnt(one) for one in row.learnt],
    )


def _learnt(one: Learnt) -> LearntPart:
    return LearntPart(
        target=one.target.value,
        before=figure(one.before),
        after=figure(one.after),
        evidence=[EvidencePart.model_validate(level) for level in one.evidence],
    )


def plan_part(plan: CandidatePlan, outcome: Recommendation | NothingFits) -> PlanPart:
    """A plan, and whether it is the chosen one."""
    return PlanPart(
        gpu=plan.gpu,
        gpu_count=plan.gpu_count,
        nodes=plan.nodes,
        per_device_batch_size=plan.per_device_batch_size,
        global_batch_size=plan.global_batch_size,
        precision=plan.precision.label,
        device_memory_bytes=figure(plan.memory.device_memory),
        capacity_bytes=plan.memory.capacity_bytes,
        step_time_s=figure(plan.step_seconds),
        throughput_samples_per_s=figure(plan.throughput),
        scaling_efficiency=figure(plan.scaling_efficiency),
        duration_s=figure(plan.duration_seconds),
        gpu_hours=figure(plan.gpu_hours),
        cost=figure(plan.cost),
        feasible=plan.feasible,
        chosen=isinstance(outcome, Recommendation) and _is_same(plan, outcome.plan),
        reason=plan.reason,
        sharding_stage=plan.strategy.sharding_stage,
        sharding_degree=plan.strategy.hybrid_configs(plan.gpu_count)["sharding_degree"],
        tensor_parallel_degree=plan.strategy.tensor_parallel_degree,
        pipeline_parallel_degree=plan.strategy.pipeline_parallel_degree,
        micro_batches=plan.micro_batches,
        recompute=plan.strategy.recompute,
        was_run=plan.was_run,
    )


def _is_same(plan: CandidatePlan, other: CandidatePlan) -> bool:
    """Whether two plans ask for the same; their reasons may differ."""
    return same_but_for_batch(plan, other) and replace(plan, reason=other.reason) == other


def recommendation_part(outcome: Recommendation | NothingFits) -> RecommendationPart:
    """What to ask for, or the nearest miss where nothing fits."""
    if isinstance(outcome, NothingFits):
        return _no_recommendation(outcome)
    plan, host = outcome.plan, outcome.host
    return RecommendationPart(
        gpu=plan.gpu,
        gpu_count=plan.gpu_count,
        nodes=plan.nodes,
        per_device_batch_size=plan.per_device_batch_size,
        global_batch_size=plan.global_batch_size,
        memory_bytes=host.memory_bytes,
        memory_reason=host.memory_reason,
        cpu=host.cpu,
        cpu_reason=host.cpu_reason,
        shm_bytes=host.shm_bytes,
        shm_reason=host.shm_reason,
        plan=plan_part(plan, outcome),
        nearest_miss=None,
        reasons=list(outcome.reasons),
        batch_sizes=_batch_sizes(plan, outcome.candidates),
        data_feed=_data_feed(host.feed),
    )


def _data_feed(feed: DataFeed) -> DataFeedPart:
    return DataFeedPart(
        source=feed.source,
        reason=feed.reason,
        processor_s_per_sample=feed.processor_seconds,
        waiting_s_per_sample=feed.waiting_seconds,
        taken_samples_per_s=known(feed.samples_per_second),
        made_samples_per_s=feed.made_per_second,
        workers=feed.workers,
        cores=feed.cores,
        workers_needed=known(feed.workers_needed),
        workers_set=known(feed.workers_set),
        verdict=feed.verdict,
    )


def _batch_sizes(chosen: CandidatePlan, plans: Sequence[CandidatePlan]) -> list[BatchPart]:
    """The plans that differ from the chosen one in their batch size alone."""
    same = {plan.per_device_batch_size: plan for plan in plans if same_but_for_batch(plan, chosen)}
    return [
        BatchPart(
            per_device_batch_size=size,
            fits=plan.memory.fits,
            device_memory_bytes=figure(plan.memory.device_memory),
            throughput_samples_per_s=figure(plan.throughput),
        )
        for size, plan in sorted(same.items())
    ]


def same_but_for_batch(plan: CandidatePlan, other: CandidatePlan) -> bool:
    """Whether two plans differ in their batch size alone, if at all."""
    return (plan.gpu, plan.gpu_count, plan.nodes, plan.precision, plan.strategy) == (
        other.gpu,
        other.gpu_count,
        other.nodes,
        other.precision,
        other.strategy,
    )


def _no_recommendation(outcome: NothingFits) -> RecommendationPart:
    why = outcome.nearest.reason
    return RecommendationPart(
        gpu=None,
        gpu_count=None,
        nodes=None,
        per_device_batch_size=None,
        global_batch_size=None,
        memory_bytes=None,
        memory_reason=why,
        cpu=None,
        cpu_reason=why,
        shm_bytes=None,
        shm_reason=why,
        plan=None,
        nearest_miss=plan_part(outcome.nearest, outcome),
        reasons=[why],
    )
