"""How a plan compares with the chosen one."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from estimator.drystep.measurement import Precision
from estimator.messages import sentence
from estimator.plan.reasons.words import amount_in_words, gpus_in_words, times
from estimator.plan.types import Measure
from estimator.units import format_bytes
from estimator.values import Missing


def more_gpus(count: int, chosen: int) -> str:
    return sentence(
        "needs {gpus} where {chosen} would do", gpus=gpus_in_words(count), chosen=chosen
    )


def not_compared(missing: Missing) -> str:
    return sentence("not compared, it has no step time: {why}", why=missing.reason)


def other_batch_without_times(preferred: int) -> str:
    return sentence(
        "batch {batch} is preferred: without step times nothing speaks for another", batch=preferred
    )


def other_precision_without_times(precision: Precision) -> str:
    return sentence(
        "the same request; without step times nothing speaks for {precision}",
        precision=precision.label,
    )


def more_of(measure: Measure, ratio: float) -> str:
    return sentence(
        "{times} the {measure} of the chosen plan",
        times=times(ratio),
        measure=amount_in_words(measure),
    )


def no_better(measure: Measure, ratio: float) -> str:
    return sentence(
        "about the same {measure} ({times}), but a larger request",
        measure=amount_in_words(measure),
        times=times(ratio),
    )


def slower_batch(share: float, preferred: int) -> str:
    return sentence(
        "{share:.0%} of the throughput of batch {batch} on the same GPUs",
        share=share,
        batch=preferred,
    )


def larger_batch(share: float, preferred: int, extra: int) -> str:
    return sentence(
        "{share:.0%} of the throughput of batch {batch} on the same GPUs, for {extra} more "
        "device memory",
        share=share,
        batch=preferred,
        extra=format_bytes(extra),
    )
