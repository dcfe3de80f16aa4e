"""Parts of sentences that several of them share."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from estimator.drystep.measurement import Precision
from estimator.drystep.strategy import Strategy
from estimator.messages import sentence
from estimator.plan.types import CandidatePlan, Measure
from estimator.values import Bounded, Number


def chosen(plan: CandidatePlan) -> str:
    return sentence(
        "{count} x {gpu}, batch {batch} per device, {whole} in all, {precision}",
        count=plan.gpu_count,
        gpu=plan.gpu,
        batch=plan.per_device_batch_size,
        whole=plan.global_batch_size,
        precision=way_in_words(plan.precision, plan.strategy),
    )


def way_in_words(precision: Precision, strategy: Strategy) -> str:
    """The precision, and what is done to save memory."""
    said = precision.label
    if strategy.tensor_parallel_degree > 1:
        degree = strategy.tensor_parallel_degree
        said = sentence("{way}, tensor parallel {degree}", way=said, degree=degree)
    if strategy.pipeline_parallel_degree > 1:
        degree = strategy.pipeline_parallel_degree
        said = sentence("{way}, pipeline parallel {degree}", way=said, degree=degree)
    if strategy.sharding_stage:
        stage = strategy.sharding_stage
        said = sentence("{way}, sharding stage {stage}", way=said, stage=stage)
    if strategy.sharding_groups > 1:
        said = sentence("{way} in {groups} groups", way=said, groups=strategy.sharding_groups)
    return sentence("{way}, recompute", way=said) if strategy.recompute else said


def sides(interval: Bounded[Number], shown: Callable[[Number], str]) -> dict[str, str]:
    return {side: shown(getattr(interval, side)) for side in ("target", "lower", "upper")}


@cache
def gpus_in_words(count: int) -> str:
    return sentence("1 GPU") if count == 1 else sentence("{count} GPUs", count=count)


def nodes_in_words(count: int) -> str:
    return sentence("1 node") if count == 1 else sentence("{count} nodes", count=count)


def processes_in_words(count: int) -> str:
    return sentence("1 process") if count == 1 else sentence("{count} processes", count=count)


def named(plan: CandidatePlan) -> str:
    return sentence(
        "{count} x {gpu}, batch {batch}, {precision}",
        count=plan.gpu_count,
        gpu=plan.gpu,
        batch=plan.per_device_batch_size,
        precision=way_in_words(plan.precision, plan.strategy),
    )


@cache
def amount_in_words(measure: Measure) -> str:
    words = {
        Measure.COST: sentence("cost"),
        Measure.MEMORY_HOURS: sentence("GPU memory x hours"),
        Measure.GPU_HOURS: sentence("GPU-hours"),
        Measure.TIME: sentence("time"),
        Measure.GPUS: sentence("GPUs"),
        Measure.GPU_MEMORY: sentence("GPU memory"),
    }
    return words[measure]


def times(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"


def rate_in_words(samples: float) -> str:
    return f"{samples:,.0f}" if samples >= 10 else f"{samples:.2g}"
