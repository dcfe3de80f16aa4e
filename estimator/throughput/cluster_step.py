"""The step time of a job whose kinds of rank have each been run alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from estimator.drystep.cluster import RankSeen
from estimator.drystep.measurement import RankClass
from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.throughput.coefficients import ScalingCoefficients, load_coefficients
from estimator.throughput.collectives import Waiting, waiting
from estimator.throughput.multi_gpu import Waits
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Source

_SYNCHRONISED = "sync_batch_norm"


@dataclass(frozen=True, slots=True)
class ClusterStep:
    """A step of all ranks together, as one GPU's share of it.

    ``estimate.throughput`` is the samples/s of the job over its GPUs. efficiency: the share of
    the step in which the busiest rank computes.
    """

    estimate: StepTimeEstimate
    efficiency: Bounded[float]


def cluster_step(
    ranks: Sequence[RankClass], gpu: GpuType, alone: Callable[[RankClass], StepTimeEstimate]
) -> ClusterStep:
    """The slowest kind of rank: its kernels, its collectives, and the pipeline's bubble.

    In the upper bound ranks on different samples wait for the slowest of them too, by the share of
    :func:`estimator.throughput.multi_gpu.predict_efficiency`, which was fitted on runs that wait
    for their input as well.

    alone: the step time of a rank by its kernels. A pipeline of p stages and m micro-batches of v
    chunks each stands still for (p - 1) / (m v) of the time that a stage computes (Narayanan et
    al. 2021, "Efficient large-scale language model training on GPU clusters using Megatron-LM").
    """
    numbers = load_coefficients().scaling
    timed = [(alone(one), one) for one in ranks]
    steps = [(time, _waiting(time, one, gpu, numbers), one) for time, one in timed]
    kernels, waits, slowest = max(steps, key=lambda each: _seconds(each[0], each[1]))
    bubble = _bubble(slowest.seen)
    step = _bounded(kernels, waits, bubble, slowest)
    world = slowest.seen.topology.world_size
    samples = slowest.seen.samples * slowest.seen.topology.copies / world
    target = kernels.step_seconds.target / step.target
    estimate = StepTimeEstimate(
        gpu=gpu.name,
        per_device_batch_size=slowest.measurement.per_device_batch_size,
        step_seconds=step,
        throughput=Bounded(
            samples / step.target,
            samples / step.upper,
            samples / step.lower,
            step.source,
            step.reason,
        ),
        share=kernels.share,
    )
    lower = kernels.step_seconds.target / _end(kernels.step_seconds.target, waits.upper, bubble)
    upper = kernels.step_seconds.target / _end(kernels.step_seconds.target, waits.lower, bubble)
    return ClusterStep(
        estimate, Bounded(target, min(lower, target), max(upper, target), step.source, step.reason)
    )


def _waiting(
    kernels: StepTimeEstimate, one: RankClass, gpu: GpuType, numbers: ScalingCoefficients
) -> Waiting:
    """For collectives, and in the upper bound for the slowest rank on other samples.

    Kernels of synchronised normalisation communicate by themselves and are in no list of
    collectives.
    """
    collectives, copies = waiting(one.seen, gpu, numbers), one.seen.topology.copies
    launches = (use.count for use in one.measurement.kernels if use.name.startswith(_SYNCHRONISED))
    most = Waits(True, True, synchronised=sum(launches) if copies > 1 else 0)
    synchronised = most.seconds(numbers)
    nodes = max(1, min(copies, one.seen.topology.world_size // one.seen.gpus_per_node))
    slower = most.share(numbers, copies, nodes) * kernels.step_seconds.target
    return Waiting(
        collectives.target + synchronised,
        collectives.lower,
        collectives.upper + synchronised + slower,
    )


def _seconds(kernels: StepTimeEstimate, waits: Waiting) -> float:
    return kernels.step_seconds.target + waits.target


def _end(kernels: float, waits: float, bubble: float) -> float:
    return (kernels + waits) * (1 + bubble)


def _bubble(seen: RankSeen) -> float:
    stages = seen.topology.degree("pipe")
    return (stages - 1) / (seen.micro_batches * seen.chunks)


def _bounded(
    kernels: StepTimeEstimate, waits: Waiting, bubble: float, slowest: RankClass
) -> Bounded[float]:
    alone = kernels.step_seconds
    target = _end(alone.target, waits.target, bubble)
    return Bounded(
        target,
        _end(alone.lower, waits.lower, bubble),
        _end(alone.upper, waits.upper, bubble),
        Source.VIRTUAL,
        sentence(
            "{name}: kernels {kernels:.3g} s, waiting for collectives {waits:.3g} s, the "
            "pipeline's bubble adds {bubble:.0%}; {reason}",
            name=slowest.name,
            kernels=alone.target,
            waits=waits.target,
            bubble=bubble,
            reason=alone.reason,
        ),
    )
