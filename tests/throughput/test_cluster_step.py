"""The step of a cluster from its ranks, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estimator.drystep.cluster import RankSeen, Topology
from estimator.drystep.measurement import KernelUse, Phase, RankClass
from estimator.gpus.catalogue import load_catalogue
from estimator.throughput.cluster_step import cluster_step
from estimator.throughput.coefficients import load_coefficients
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Source
from tests.builders import measurement

A100 = load_catalogue(None).find("A100-80G")
NUMBERS = load_coefficients().scaling
DATA_PARALLEL = Topology((("data", 8),))


def rank(topology: Topology = DATA_PARALLEL, kernels: tuple[KernelUse, ...] = ()) -> RankClass:
    seen = RankSeen(0, 8, topology, (), (), (), samples=4, micro_batches=4)
    alone = replace(measurement(), per_device_batch_size=4, kernels=kernels)
    return RankClass("each", tuple(range(8)), 1, alone, seen)


def half_a_second(_: RankClass) -> StepTimeEstimate:
    seconds = Bounded(0.5, 0.4, 0.6, Source.VIRTUAL, "kernels")
    return StepTimeEstimate(A100.name, 4, seconds, seconds, {})


def test_ranks_on_different_samples_wait_for_the_slowest_at_most() -> None:
    step = cluster_step([rank()], A100, half_a_second).estimate.step_seconds
    # 8 GPUs of one node: 3 doublings, at most with pictures and batches of unequal length.
    share = 3 * (NUMBERS.imbalance + NUMBERS.pictures + NUMBERS.unequal_batches)
    assert (step.target, step.lower) == (0.5, 0.4)
    assert step.upper == pytest.approx(0.6 + 0.5 * share)


def test_synchronised_normalisation_waits_at_every_launch() -> None:
    kernels = tuple(
        KernelUse(name, Phase.FORWARD, (), (), count=10)
        for name in ("sync_batch_norm", "sync_batch_norm_grad", "batch_norm")
    )
    step = cluster_step([rank(kernels=kernels)], A100, half_a_second).estimate.step_seconds
    assert step.target == pytest.approx(0.5 + 20 * NUMBERS.synchronisation_seconds)
    alone = cluster_step([rank(Topology((("model", 8),)), kernels)], A100, half_a_second)
    assert alone.estimate.step_seconds.target == 0.5  # all ranks work on the same samples


def test_the_bubble_of_a_pipeline() -> None:
    # (4 stages - 1) / 4 micro-batches of half a second.
    step = cluster_step([rank(Topology((("pipe", 4), ("model", 2))))], A100, half_a_second)
    assert step.estimate.step_seconds.target == pytest.approx(0.5 * 1.75)
    # 4 samples of one copy of the model on 8 GPUs.
    assert step.estimate.throughput.target == pytest.approx(4 / 8 / (0.5 * 1.75))
