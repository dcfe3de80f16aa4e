"""What stands in the way of a plan, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from estimator.drystep.measurement import Precision
from estimator.gpus.types import GpuType
from estimator.plan.policy import Cards, breach_of, names_of
from estimator.plan.reasons import limits as reasons
from estimator.plan.types import CandidatePlan, Question
from estimator.values import Missing

NEEDED_CAPABILITY = {"float16": (7, 0), "bfloat16": (8, 0)}
"""Compute capability below which ``paddle.amp.auto_cast`` warns and runs float32 instead
(Paddle 3.3.1, paddle/amp/auto_cast.py)."""


class Limit(StrEnum):
    """A limit that a plan can break."""

    PRECISION = "precision"
    MEMORY = "memory"
    GPUS = "gpus"
    NODE = "node"
    DEADLINE = "deadline"
    POLICY = "policy"
    DEGREES = "degrees"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One broken limit. ``excess`` is how far beyond it: 0.1 is a tenth more than allowed."""

    limit: Limit
    excess: float
    reason: str


def judged(plan: CandidatePlan, gpu: GpuType, question: Question) -> CandidatePlan:
    """The plan marked infeasible, with every reason, where it breaks a limit."""
    broken = shortfalls(plan, gpu, question)
    if not broken:
        return plan
    return replace(plan, feasible=False, reason=reasons.all_of([one.reason for one in broken]))


def shortfalls(plan: CandidatePlan, gpu: GpuType, question: Question) -> tuple[Shortfall, ...]:
    """All limits the plan breaks. Memory and deadline are judged at the upper bound, so that
    a plan called feasible still is when the estimate was low within its interval.
    """
    return (
        *_unsupported_precision(plan.precision, gpu),
        *_too_large(plan),
        *_too_many_gpus(plan, question),
        *_more_than_a_node_has(plan, gpu),
        *_too_late(plan, question),
        *_against_policy(plan, gpu, question),
        *_of_other_degrees(plan, question),
    )


def supports(gpu: GpuType, precision: Precision) -> bool:
    """Whether Paddle would really run this precision on this GPU type."""
    if precision.amp_level == "off":
        return True
    return gpu.compute_capability >= NEEDED_CAPABILITY.get(precision.dtype, (0, 0))


def _unsupported_precision(precision: Precision, gpu: GpuType) -> Iterator[Shortfall]:
    if not supports(gpu, precision):
        reason = reasons.unsupported_precision(gpu, precision, NEEDED_CAPABILITY[precision.dtype])
        yield Shortfall(Limit.PRECISION, inf, reason)


def _too_large(plan: CandidatePlan) -> Iterator[Shortfall]:
    memory = plan.memory
    if not memory.fits:
        excess = memory.device_memory.upper / memory.capacity_bytes - 1
        yield Shortfall(Limit.MEMORY, excess, reasons.too_large(memory))


def _too_many_gpus(plan: CandidatePlan, question: Question) -> Iterator[Shortfall]:
    if plan.gpu_count > question.max_gpus:
        excess = plan.gpu_count / question.max_gpus - 1
        reason = reasons.too_many_gpus(plan.gpu_count, question.max_gpus)
        yield Shortfall(Limit.GPUS, excess, reason)


def _more_than_a_node_has(plan: CandidatePlan, gpu: GpuType) -> Iterator[Shortfall]:
    each = plan.gpu_count // plan.nodes
    if each > gpu.gpus_per_node:
        excess = each / gpu.gpus_per_node - 1
        yield Shortfall(Limit.NODE, excess, reasons.more_than_a_node_has(gpu, each))


def _too_late(plan: CandidatePlan, question: Question) -> Iterator[Shortfall]:
    duration, deadline = plan.duration_seconds, question.deadline_seconds
    if isinstance(duration, Missing) or deadline is None or duration.upper <= deadline:
        return
    excess = duration.upper / deadline - 1 if deadline > 0 else inf
    yield Shortfall(Limit.DEADLINE, excess, reasons.too_late(duration, deadline))


def _against_policy(plan: CandidatePlan, gpu: GpuType, question: Question) -> Iterator[Shortfall]:
    if not question.site_limits:
        return
    cards = Cards(names_of(gpu), plan.gpu_count, plan.nodes)
    for limit in question.site_limits:
        breach = breach_of(cards, limit)
        if breach is not None:
            yield Shortfall(Limit.POLICY, *breach)


def _of_other_degrees(plan: CandidatePlan, question: Question) -> Iterator[Shortfall]:
    """A plan is of the degrees that are asked for or it is none, however near they are."""
    for name, degree in question.pinned_degrees:
        if plan.strategy.degree(name) != degree:
            yield Shortfall(Limit.DEGREES, inf, reasons.other_degree(name, degree))
