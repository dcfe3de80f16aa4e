"""Why a plan may not be chosen."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence

from estimator.drystep.measurement import Precision
from estimator.gpus.types import GpuType
from estimator.memory.types import MemoryEstimate
from estimator.messages import sentence
from estimator.plan.reasons.words import gpus_in_words
from estimator.plan.types import SiteLimit, SiteMeasure
from estimator.units import format_bytes, format_duration
from estimator.values import Bounded


def unsupported_precision(gpu: GpuType, precision: Precision, needed: tuple[int, int]) -> str:
    have, need = ("{}.{}".format(*one) for one in (gpu.compute_capability, needed))
    return sentence(
        "{gpu} has compute capability {have}; Paddle runs {dtype} AMP from {need} on and would "
        "fall back to float32",
        gpu=gpu.name,
        have=have,
        dtype=precision.dtype,
        need=need,
    )


def too_large(memory: MemoryEstimate) -> str:
    need, have = memory.device_memory.upper, memory.capacity_bytes
    return sentence(
        "does not fit: needs up to {need}, has {have}, short by {short}",
        need=format_bytes(need),
        have=format_bytes(have),
        short=format_bytes(need - have),
    )


def too_many_gpus(count: int, allowed: int) -> str:
    return sentence(
        "needs {gpus}, {allowed} allowed (--max-gpus)", gpus=gpus_in_words(count), allowed=allowed
    )


def more_than_a_node_has(gpu: GpuType, each: int) -> str:
    return sentence(
        "a node of {gpu} has {gpus}, {each} are asked for (--gpus)",
        gpu=gpu.name,
        gpus=gpus_in_words(gpu.gpus_per_node),
        each=each,
    )


def other_degree(name: str, degree: int) -> str:
    return sentence("{name}={degree} is asked for (-o)", name=name, degree=degree)


def too_late(taken: Bounded[float], deadline: float) -> str:
    return sentence(
        "takes up to {taken}, {beyond} beyond the deadline of {deadline}",
        taken=format_duration(taken.upper),
        beyond=format_duration(taken.upper - deadline),
        deadline=format_duration(deadline),
    )


def all_of(said: Sequence[str]) -> str:
    """Several reasons as one sentence."""
    first, *others = said
    for other in others:
        first = sentence("{first}; {second}", first=first, second=other)
    return first


def beyond_policy(measure: SiteMeasure, taken: int, most: int, who: str) -> str:
    subject = {
        SiteMeasure.GPUS: gpus_in_words(taken),
        SiteMeasure.GPUS_PER_NODE: sentence("{gpus} on each node", gpus=gpus_in_words(taken)),
        SiteMeasure.NODES: sentence("{nodes} nodes", nodes=taken),
    }[measure]
    return sentence(
        "needs {subject}, policy allows {most}: {who}", subject=subject, most=most, who=who
    )


def gpu_type_not_allowed(gpu: str, limit: SiteLimit) -> str:
    return sentence(
        "policy allows {allowed}, not {gpu}: {who}",
        allowed=limit.allow,
        gpu=gpu,
        who=limit.who,
    )
