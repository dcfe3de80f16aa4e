"""Why the request beside the GPUs is what it is."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence

from estimator.messages import sentence
from estimator.plan.reasons.words import processes_in_words, rate_in_words
from estimator.plan.types import DataFeed
from estimator.units import format_bytes, format_duration
from estimator.values import Missing


def cpu(gpus: int, workers: int, rate: float, seconds_per_sample: float) -> str:
    return sentence(
        "{gpus} x (1 for training + {workers} DataLoader workers): {rate} samples/s per GPU at "
        "an assumed {each} of CPU each",
        gpus=gpus,
        workers=workers,
        rate=rate_in_words(rate),
        each=format_duration(seconds_per_sample),
    )


def cpu_measured(gpus: int, feed: DataFeed, rate: float, headroom: float) -> str:
    return sentence(
        "{gpus} x (1 for training + {cores} for data, {workers} DataLoader workers): {rate} "
        "samples/s per GPU x {each} of CPU each (measured), {headroom:.0%} headroom",
        gpus=gpus,
        cores=feed.cores,
        workers=feed.workers,
        rate=rate_in_words(rate),
        each=format_duration(feed.processor_seconds),
        headroom=headroom,
    )


def cpu_minimum(gpus: int, workers: int, missing: Missing) -> str:
    return sentence(
        "{gpus} x (1 for training + {workers} DataLoader workers, an assumed minimum): without "
        "a step time nobody knows how many would keep up: {why}",
        gpus=gpus,
        workers=workers,
        why=missing.reason,
    )


def cpu_capped(gpus: int, workers: int, wanted: int) -> str:
    return sentence(
        "{gpus} x (1 for training + {workers} DataLoader workers); {wanted} workers would feed "
        "the GPU, more than the CPU cores of a usual node: data loading may hold training back",
        gpus=gpus,
        workers=workers,
        wanted=wanted,
    )


def shared_memory(gpus: int, batches: int, batch_bytes: int, headroom: float) -> str:
    return sentence(
        "{gpus} x {batches} batches in flight x {each}, {headroom:.0%} headroom (a container's "
        "default is 64 MiB)",
        gpus=gpus,
        batches=batches,
        each=format_bytes(batch_bytes),
        headroom=headroom,
    )


def no_shared_memory() -> str:
    return sentence("the script's DataLoader needs none: a container's default")


def host_memory(parts: Sequence[tuple[str, int]], headroom: float) -> str:
    listed = tuple(
        sentence("{name}: {size}", name=name, size=format_bytes(size)) for name, size in parts
    )
    return sentence(
        "{listed}; {headroom:.0%} headroom on all but /dev/shm, rounded up",
        listed=listed,
        headroom=headroom,
    )


def host_part_processes(gpus: int, each: int) -> str:
    return sentence(
        "{processes} of {each} each", processes=processes_in_words(gpus), each=format_bytes(each)
    )


def host_part_script(gpus: int, measured: int, libraries: int) -> str:
    return sentence(
        "{processes} of {measured} (measured) and {libraries} of CUDA and cuDNN each",
        processes=processes_in_words(gpus),
        measured=format_bytes(measured),
        libraries=format_bytes(libraries),
    )


def host_part_batches(batches: int) -> str:
    return sentence("{batches} batches in flight in each process", batches=batches)


def host_part_model() -> str:
    return sentence("weights while loading or saving")


def host_part_workers(workers: int) -> str:
    return sentence("{workers} DataLoader workers", workers=workers)


def host_part_shared_memory() -> str:
    return "/dev/shm"
