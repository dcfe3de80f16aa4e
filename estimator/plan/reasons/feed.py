"""Why data keeps up with the GPUs, or does not."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from estimator.drystep.loader import SampleCost
from estimator.messages import sentence
from estimator.plan.reasons.words import rate_in_words
from estimator.units import format_duration
from estimator.values import Missing


def measured(cost: SampleCost) -> str:
    return sentence(
        "a sample takes {processor} of CPU and {waiting} of waiting to make: measured on the CPU "
        "of this machine over {samples} samples of the script's own DataLoader",
        processor=format_duration(cost.processor_seconds),
        waiting=format_duration(cost.waiting_seconds),
        samples=cost.samples,
    )


def assumed(seconds: float, missing: Missing) -> str:
    return sentence(
        "a sample takes {processor} of CPU to make: assumed by its bytes, not measured: {why}",
        processor=format_duration(seconds),
        why=missing.reason,
    )


def keeps_up(own: int, made: float, rate: float) -> str:
    return sentence(
        "data keeps up: num_workers={own} of the script makes up to {made} samples/s for each GPU, "
        "which takes {rate}",
        own=own,
        made=rate_in_words(made),
        rate=rate_in_words(rate),
    )


def waits(own: int, made: float, rate: float, enough: int) -> str:
    return sentence(
        "the GPU will wait for data {share:.0%} of the time: num_workers={own} of the script makes "
        "at most {made} samples/s, a GPU takes {rate}; num_workers={enough} keeps up, and what is "
        "asked for allows for it",
        share=1 - made / rate,
        own=own,
        made=rate_in_words(made),
        rate=rate_in_words(rate),
        enough=enough,
    )


def most_made(workers: int) -> str:
    return sentence(
        "bounded by data: what {workers} DataLoader workers for each GPU make at most",
        workers=workers,
    )


def bounded(workers: int, made: float, rate: float) -> str:
    return sentence(
        "data bounds the speed: even {workers} DataLoader workers for each GPU make at most "
        "{made} samples/s, a GPU takes {rate} and will wait {share:.0%} of the time; cheaper or "
        "prepared samples would help, a faster GPU will not",
        workers=workers,
        made=rate_in_words(made),
        rate=rate_in_words(rate),
        share=1 - made / rate,
    )


def bounded_and_fewer(bounded: str, own: int, made: float) -> str:
    return sentence(
        "{bounded}; num_workers={own} of the script makes {made}",
        bounded=bounded,
        own=own,
        made=rate_in_words(made),
    )
