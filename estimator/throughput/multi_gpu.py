"""Scaling efficiency of data-parallel training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from estimator.drystep.measurement import DryStepReport
from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.throughput.coefficients import ScalingCoefficients, load_coefficients
from estimator.values import Bounded, Source


@dataclass(frozen=True, slots=True)
class Waits:
    """What GPUs wait for beside the exchange of gradients.

    reads_pictures: whether the processors of a node, which all its GPUs share, decode pictures.
    has_unequal_batches: whether some batches take longer than others, as sentences do.
    synchronised: collectives in a step that the next layer needs, as synchronised batch
    normalisation has two for each layer.
    """

    reads_pictures: bool = False
    has_unequal_batches: bool = False
    synchronised: int = 0

    def share(self, numbers: ScalingCoefficients, gpu_count: int, nodes: int) -> float:
        """Of the step, among so many GPUs that are spread evenly over nodes."""
        pictures = numbers.pictures if self.reads_pictures else 0.0
        unequal = numbers.unequal_batches if self.has_unequal_batches else 0.0
        of_a_node = (numbers.imbalance + pictures + unequal) * math.log2(gpu_count / nodes)
        return of_a_node + numbers.node_imbalance * math.log2(nodes)

    def seconds(self, numbers: ScalingCoefficients) -> float:
        """Of each step."""
        return self.synchronised * numbers.synchronisation_seconds


_CONVOLUTIONS = ("Conv2D", "Conv3D")
_SYNCHRONISED = "SyncBatchNorm"


def waits_of(report: DryStepReport) -> Waits:
    """A model with convolutions in two or three dimensions is taken to read pictures; batches are
    unequal where a script's were.
    """
    layers = report.model.layer_types
    batches = report.batches
    return Waits(
        reads_pictures=any(layers.get(name) for name in _CONVOLUTIONS),
        has_unequal_batches=batches is not None and batches.distinct_shapes > 1,
        synchronised=2 * layers.get(_SYNCHRONISED, 0),  # its statistics, and their gradients
    )


@dataclass(frozen=True, slots=True)
class DataParallelJob:
    """``gpu_count`` GPUs, spread evenly over ``nodes``, that exchange their gradients each step.

    step_seconds: of one GPU alone, at the same per-device batch size. Raises InternalError
    where a figure is out of range or the GPUs cannot be spread evenly.
    """

    step_seconds: float
    gradient_bytes: int
    gpu: GpuType
    gpu_count: int
    nodes: int = 1
    waits: Waits = Waits()

    def __post_init__(self) -> None:
        in_range = self.step_seconds > 0 and self.gradient_bytes >= 0
        if not in_range or self.gpu_count < 1 or self.nodes < 1 or self.gpu_count % self.nodes:
            raise InternalError(
                f"no scaling of {self.gpu_count} GPUs on {self.nodes} nodes, steps of "
                f"{self.step_seconds} s and {self.gradient_bytes} bytes of gradients"
            )


def scaling_efficiency(job: DataParallelJob) -> Bounded[float]:
    """Throughput of all GPUs over ``gpu_count`` times that of one, in (0, 1]."""
    return predict_efficiency(job, load_coefficients().scaling)


def predict_efficiency(job: DataParallelJob, numbers: ScalingCoefficients) -> Bounded[float]:
    """The efficiency of a job with the given coefficients.

    A step takes the time of one GPU, plus waiting for the slowest GPU and its input, which
    grows with the logarithm of the GPUs of a node and of the nodes, plus the collectives that
    layers wait for, plus the part of the gradient exchange that the backward pass does not hide.
    """
    if job.gpu_count == 1:
        return Bounded.exact(1.0, Source.VIRTUAL, sentence("one GPU waits for nobody"))
    waiting = job.waits.share(numbers, job.gpu_count, job.nodes)
    exposed = all_reduce_seconds(job, numbers) * (1 - numbers.overlap) / job.step_seconds
    synchronised = job.waits.seconds(numbers) / job.step_seconds
    target = 1 / (1 + waiting + exposed + synchronised)
    more_nodes = numbers.points_per_node * math.log2(job.nodes)
    return Bounded(
        target=target,
        lower=max(target / 2, target - numbers.points_below - more_nodes),
        upper=min(1.0, target + numbers.points_above + more_nodes),
        source=Source.VIRTUAL,
        reason=_reason(job, waiting, exposed, synchronised),
    )


def _reason(job: DataParallelJob, waiting: float, exposed: float, synchronised: float) -> str:
    why = sentence(
        "waiting for the slowest of {count} GPUs adds {waiting:.1%} to the step, the gradient "
        "exchange that cannot be hidden {exposed:.1%}",
        count=job.gpu_count,
        waiting=waiting,
        exposed=exposed,
    )
    if not job.waits.synchronised:
        return why
    return sentence(
        "{why}, {number} collectives of synchronised layers {synchronised:.1%}",
        why=why,
        number=job.waits.synchronised,
        synchronised=synchronised,
    )


def all_reduce_seconds(job: DataParallelJob, numbers: ScalingCoefficients) -> float:
    """Ring all-reduce: every GPU sends 2 (n - 1) / n of the gradients over the slowest link.

    Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms for clusters of
    workstations". The slowest link is the network where there are several nodes, else NVLink
    (one direction), else the PCIe bus.
    """
    sent = 2 * (job.gpu_count - 1) / job.gpu_count * job.gradient_bytes
    inside = job.gpu.nvlink_bandwidth / 2 or job.gpu.pcie_bandwidth
    link = min(inside, numbers.network_bandwidth) if job.nodes > 1 else inside
    return sent / (link * numbers.link_efficiency)
