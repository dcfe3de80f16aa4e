"""Why the chosen plan."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from estimator.drystep.measurement import Precision
from estimator.memory.types import MemoryEstimate
from estimator.messages import sentence
from estimator.plan.reasons.words import (
    amount_in_words,
    gpus_in_words,
    named,
    nodes_in_words,
    rate_in_words,
    sides,
    times,
)
from estimator.plan.types import CandidatePlan, Measure, Objective
from estimator.units import format_bytes, format_duration
from estimator.values import Bounded, Missing


def memory_fits(memory: MemoryEstimate) -> str:
    used = memory.device_memory
    return sentence(
        "device memory {target} ({lower} to {upper}) of {capacity}",
        **sides(used, format_bytes),
        capacity=format_bytes(memory.capacity_bytes),
    )


def no_step_time(missing: Missing) -> str:
    return sentence("no step time: {why}", why=missing.reason)


def speed(rate: Bounded[float], step: Bounded[float]) -> str:
    return sentence(
        "{target} samples/s ({lower} to {upper}), {step} a step",
        **sides(rate, rate_in_words),
        step=format_duration(step.target),
    )


def effort(plan: CandidatePlan) -> str:
    """Duration, GPU-hours and money, as far as they are known."""
    if isinstance(plan.duration_seconds, Missing) or isinstance(plan.gpu_hours, Missing):
        return sentence("plans are compared per sample: {why}", why=plan.duration_seconds.reason)
    said = sentence(
        "{target} ({lower} to {upper}), {hours:.3g} GPU-hours",
        **sides(plan.duration_seconds, format_duration),
        hours=plan.gpu_hours.target,
    )
    if isinstance(plan.cost, Missing):
        return said
    return sentence("{effort}, cost {cost:.4g}", effort=said, cost=plan.cost.target)


def rule(objective: Objective | None, last_measure: Measure, plans: int) -> str:
    """What the choice was made by. ``plans`` is how many were feasible."""
    measure = amount_in_words(last_measure)
    if objective is None:
        return sentence(
            "least {measure} of {plans} feasible plans; say --minimize gpu-hours, time or gpus "
            "to rank otherwise",
            measure=measure,
            plans=plans,
        )
    if objective is Objective.GPUS:
        return sentence(
            "fewest GPUs of {plans} feasible plans, then least {measure}",
            measure=measure,
            plans=plans,
        )
    return sentence(
        "least {measure} of {plans} feasible plans, as asked", measure=measure, plans=plans
    )


def rule_without_times(plans: int) -> str:
    return sentence(
        "without step times: fewest GPUs of {plans} feasible plans, then least GPU memory; what "
        "more or faster GPUs would gain is not known",
        plans=plans,
    )


def objective_not_judged(objective: Objective, missing: Missing) -> str:
    return sentence(
        "--minimize {objective} could not be judged: {why}",
        objective=objective.value,
        why=missing.reason,
    )


def plans_not_compared(plans: int, missing: Missing) -> str:
    return sentence(
        "{plans} other feasible plans have no step time, so not compared: {why}",
        plans=plans,
        why=missing.reason,
    )


def memory_hours_stand_for_money() -> str:
    return sentence(
        "no prices are set, so a GPU counts by its memory and for as long as it is held"
    )


def gpu_hours_favour_large() -> str:
    return sentence("GPU-hours count every GPU type alike, so fast and large ones win")


def alternative(other: CandidatePlan, ratios: Sequence[tuple[Measure, float]]) -> str:
    compared = tuple(
        sentence("{times} the {measure}", times=times(ratio), measure=amount_in_words(measure))
        for measure, ratio in ratios
    )
    return sentence(
        "without --minimize it would be {plan}: {compared}", plan=named(other), compared=compared
    )


def runner_up(other: CandidatePlan, why_not: str) -> str:
    return sentence("next best: {plan}: {why_not}", plan=named(other), why_not=why_not)


def pinned_gpus(plan: CandidatePlan) -> str:
    return sentence(
        "{gpus} on each of {nodes} were asked for, so other counts were not compared",
        gpus=gpus_in_words(plan.gpu_count // plan.nodes),
        nodes=nodes_in_words(plan.nodes),
    )


def pinned_nodes(plan: CandidatePlan) -> str:
    return sentence(
        "{nodes} were asked for; {gpus} on each were chosen",
        nodes=nodes_in_words(plan.nodes),
        gpus=gpus_in_words(plan.gpu_count // plan.nodes),
    )


def pinned_batch(batch: int) -> str:
    return sentence("batch {batch} per device was asked for", batch=batch)


def chosen_batch(batch: int, share: float, run: Sequence[int]) -> str:
    return sentence(
        "batch {batch} is the smallest fast enough, multiples of 8 first: {share:.0%} of the "
        "best throughput among the sizes run that fit ({tried})",
        batch=batch,
        share=share,
        tried=tuple(run),
    )


def batch_without_times(batch: int, asked: int) -> str:
    if batch == asked:
        return sentence(
            "batch {batch} per device is kept: without step times nothing speaks for another",
            batch=batch,
        )
    return sentence(
        "batch {batch} per device is the largest that ran and fits; {asked} does not",
        batch=batch,
        asked=asked,
    )


def learning_rate(global_batch: int, own_batch: int, optimizer: str) -> str:
    """Linear rule: Goyal et al. 2017 (SGD); square-root rule: Malladi et al. 2022 (Adam)."""
    ratio = global_batch / own_batch
    if "adam" in optimizer.lower():
        return sentence(
            "the global batch is {whole}, yours was {own}: scale the learning rate by about "
            "{factor:.2g} (square-root rule)",
            whole=global_batch,
            own=own_batch,
            factor=sqrt(ratio),
        )
    return sentence(
        "the global batch is {whole}, yours was {own}: scale the learning rate by about "
        "{factor:.2g} (linear rule) and warm up",
        whole=global_batch,
        own=own_batch,
        factor=ratio,
    )


def other_precision(plan: CandidatePlan, own: Precision) -> str:
    return sentence(
        "{other} instead of your {own}: check that training converges",
        other=plan.precision.label,
        own=own.label,
    )


def would_take(plan: CandidatePlan) -> str:
    """What a precision that the user did not ask for gives on the chosen GPUs."""
    rate = plan.throughput
    return sentence(
        "{precision} at batch {batch} would take {memory} and give {rate} on the same GPUs "
        "({flags}, if the script trains so)",
        precision=plan.precision.label,
        batch=plan.per_device_batch_size,
        memory=format_bytes(plan.memory.device_memory.target),
        rate=sentence("an unknown rate")
        if isinstance(rate, Missing)
        else sentence("{rate} samples/s", rate=rate_in_words(rate.target)),
        flags=f"--amp {plan.precision.amp_level} --amp-dtype {plan.precision.dtype}",
    )


def deadline_met(taken: Bounded[float], deadline: float) -> str:
    return sentence(
        "the deadline of {deadline} is met with {left} left at the upper bound",
        deadline=format_duration(deadline),
        left=format_duration(deadline - taken.upper),
    )


def deadline_unchecked(missing: Missing) -> str:
    return sentence("the deadline was not checked: {why}", why=missing.reason)
