"""Where a figure of a plan comes from.

A thousand plans and more say the same few of these sentences: what says the same again is cached.
"""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from functools import cache, lru_cache

from estimator.messages import sentence
from estimator.plan.reasons.words import gpus_in_words
from estimator.plan.types import Question
from estimator.units import format_bytes


@cache
def one_gpu_scales() -> str:
    return sentence("one GPU communicates with no other")


@cache
def throughput(count: int) -> str:
    if count == 1:
        return sentence("predicted for one GPU")
    return sentence("{count} x one GPU x scaling efficiency", count=count)


@cache
def step_time(count: int) -> str:
    if count == 1:
        return sentence("predicted for one GPU")
    return sentence("step time of one GPU / scaling efficiency")


def duration(epochs: int, dataset_size: int) -> str:
    return sentence(
        "{epochs} epochs x {samples} samples / throughput", epochs=epochs, samples=dataset_size
    )


@lru_cache(maxsize=16)
def duration_unknown(question: Question) -> str:
    given = (("--dataset-size", question.dataset_size), ("--epochs", question.epochs))
    missing = [name for name, value in given if value is None]
    if len(missing) == 1:
        return sentence("{flag} not given", flag=missing[0])
    return sentence("{flag} and {other} not given", flag=missing[0], other=missing[1])


@cache
def gpu_hours(count: int) -> str:
    return sentence("duration x {gpus}", gpus=gpus_in_words(count))


def cost(price: float) -> str:
    return sentence("GPU-hours x {price:g} an hour", price=price)


def data_parallel_memory(alone: str, buckets: int, nccl: int) -> str:
    return sentence(
        "{alone}; data parallel adds gradient buckets {buckets}, communication {communication} "
        "(computed, not run)",
        alone=alone,
        buckets=format_bytes(buckets),
        communication=format_bytes(nccl),
    )


@cache
def fits_all_limits() -> str:
    return sentence("within all limits")
