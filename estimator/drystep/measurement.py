"""What a dry step brings back: plain data, no Paddle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from estimator.drystep.allocator import BY_NEED, AllocatorRule
from estimator.drystep.cluster import RankSeen
from estimator.drystep.loader import NO_LOADER, LoaderSeen
from estimator.drystep.phase import Phase as Phase
from estimator.drystep.strategy import Strategy
from estimator.messages import sentence
from estimator.values import Missing

CONV_WORKSPACE_LIMIT_BYTES = 512 << 20
"""Paddle's default of ``FLAGS_conv_workspace_size_limit`` (512, in MB)."""


class Device(StrEnum):
    """How a step was run, best first."""

    GPU = "gpu"
    VIRTUAL = "virtual"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class Precision:
    """Automatic mixed precision of a run: level ``off``, ``O1`` or ``O2``."""

    amp_level: str = "off"
    dtype: str = "float32"

    @property
    def label(self) -> str:
        return "fp32" if self.amp_level == "off" else f"amp-{self.amp_level}-{self.dtype}"


class TensorSpec(NamedTuple):
    """Shape and Paddle dtype name (``float32``, ``int64`` ...) of one tensor.

    A tuple, because an answer carries over ten thousand of them from process to process.
    """

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class KernelUse:
    """One kind of kernel launch in one training step, and how often it occurred.

    ``inputs`` and ``outputs`` are the tensors in the kernel's own order (an absent
    optional tensor is left out); ``attributes`` holds the integer, boolean, float and
    integer-list attributes by position (``"0"``, ``"1"`` ...) as the kernel declares them.
    """

    name: str
    phase: Phase
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    count: int = 1


@dataclass(frozen=True, slots=True)
class MemoryBreakdown:
    """Bytes live at the moment of the allocated peak, by kind; they add up to it.

    activations: outputs of the forward pass still held, and the batch itself.
    temporary: all else, such as activation gradients, workspaces and casts.
    """

    parameters: int
    buffers: int
    gradients: int
    optimizer_state: int
    activations: int
    temporary: int

    @property
    def total(self) -> int:
        return (
            self.parameters
            + self.buffers
            + self.gradients
            + self.optimizer_state
            + self.activations
            + self.temporary
        )


@dataclass(frozen=True, slots=True)
class ComputedStep:
    """What only a step that Paddle's CPU device really computed can tell. Memory in bytes.

    allocator_peak_bytes: the host allocator's own peak, with the scratch that CPU kernels take for
    themselves; scratch_bytes: the most that one launch of a kernel took, by kernel, largest first.
    kernels: the names of all that were launched.
    """

    allocator_peak_bytes: int
    scratch_bytes: Mapping[str, int]
    kernels: Sequence[str]


@dataclass(frozen=True, slots=True)
class StepMeasurement:
    """One training step at one per-device batch size. Memory in bytes, times in seconds.

    ``step_seconds`` is measured on a real GPU only; elsewhere it says why it is missing.
    ``batch_bytes`` is the size of the batch (inputs and labels) in host memory.
    ``peak_allocated_bytes`` is the peak of the second step, when optimizer state exists;
    ``peak_reserved_bytes`` is the most the allocator held from the first step on, through the
    evaluation and whatever else of the run was looked at.
    ``largest_phase``: the phase of the run whose allocated peak is the largest, where that is
    another than the step's own.
    ``workspace_bytes``: what cuDNN's scratch is assumed to add to the reserved bytes; 0 where
    they contain it already; ``workspace_limit_bytes``: the most that one convolution may ask for.
    ``page_bytes``: what the device gives beyond the reserved bytes because it gives whole pages; of
    the virtual GPU only.
    ``computed``: of a step that was computed on the CPU at this very batch size.
    ``allocator``: the rule by which Paddle's allocator takes memory in the user's own run; what is
    measured here is what it takes by need.
    ``batches``: how many of that size the update was made of; more than one where a script
    accumulates gradients.
    """

    device: Device
    precision: Precision
    per_device_batch_size: int
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    breakdown: MemoryBreakdown
    peak_phase: Phase
    kernels: tuple[KernelUse, ...]
    batch_bytes: int
    step_seconds: float | Missing
    workspace_bytes: int = 0
    workspace_limit_bytes: int = CONV_WORKSPACE_LIMIT_BYTES
    page_bytes: int = 0
    largest_phase: str | None = None
    computed: ComputedStep | None = None
    allocator: AllocatorRule = BY_NEED
    batches: int = 1

    @property
    def samples(self) -> int:
        """Of the update, on one GPU."""
        return self.per_device_batch_size * self.batches

    @property
    def has_convolution(self) -> bool:
        """Whether a kernel of the step may ask for cuDNN's scratch."""
        return any("conv" in kernel.name for kernel in self.kernels)

    @property
    def taken_bytes(self) -> int:
        """What the allocator takes of the device, scratch and unused parts of pages included."""
        return self.peak_reserved_bytes + self.workspace_bytes + self.page_bytes


@dataclass(frozen=True, slots=True)
class CapacityTrial:
    """The largest per-device batch size that really ran on a device of this capacity.

    ``capacity_bytes`` is what the allocator could take from the device. ``measurement`` is
    the run at ``max_per_device_batch_size``; where not even one sample fits the size is 0 and
    the measurement says why it is missing. ``next_failing_batch_size`` is the smallest batch
    that was run and failed, or Missing when the search stopped at its upper limit.
    """

    capacity_bytes: int
    precision: Precision
    max_per_device_batch_size: int
    next_failing_batch_size: int | Missing
    measurement: StepMeasurement | Missing


@dataclass(frozen=True, slots=True)
class PhasePeak:
    """The peaks of one phase of a run; memory in bytes.

    name: ``train_first`` (optimizer state is made), ``train`` (steady), ``accumulate``,
    ``recompute``, ``eval``, ``inference`` or ``checkpoint``. The reserved bytes are the most the
    allocator held up to the end of the phase, because idle chunks of earlier ones stay with it.
    note: one plain sentence on what is particular about it, such as a warning, or empty.
    """

    name: str
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    per_device_batch_size: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PeakAt:
    """The kernel launch that set the largest peak, in the phase of that name.

    part: the part of a training step it was launched in. layer: the path of the layer being run
    (``layer3.2.conv2``); in a backward pass the one whose forward pass made the gradient's node.
    operator: the kernel's name. file, line: the innermost frame of the user's own code.
    """

    phase: str
    part: Phase
    layer: str | Missing
    operator: str
    file: str | Missing
    line: int | Missing


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bytes allocated after the launches of a steady training step, by kind.

    launches: the numbers of those that are kept, of ``launch_count``; each is the one with the most
    bytes among its neighbours. parts: the part of the step that each was launched in.
    bytes_by_kind: for each kind of :class:`MemoryBreakdown` as many figures.
    """

    launch_count: int
    launches: tuple[int, ...]
    parts: tuple[Phase, ...]
    bytes_by_kind: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the model is. ``parameters`` counts elements; ``trainable_parameters`` those
    with gradients. ``layer_types`` counts Paddle layer classes by name (``Conv2D``: 53).
    """

    name: str
    parameters: int
    trainable_parameters: int
    source: str
    layer_types: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BatchesSeen:
    """The batches of a script's own loader that were looked at, one of each optimizer step.

    ``largest_shapes`` are the tensors of the largest batch; bytes are those of all tensors of a
    batch. The peaks are of steady steps on the batches as they came.
    """

    looked_at: int
    distinct_shapes: int
    largest_shapes: tuple[tuple[int, ...], ...]
    largest_bytes: int
    median_bytes: int
    largest_peak_allocated_bytes: int
    median_peak_allocated_bytes: int


@dataclass(frozen=True, slots=True)
class VariantRun:
    """The same model run another way, or why it could not be run.

    ``largest_batch_size``: the largest that ran on the request's first capacity.
    """

    measurement: StepMeasurement | Missing
    largest_batch_size: int | Missing
    optimizer: str = ""


@dataclass(frozen=True, slots=True)
class RankClass:
    """Ranks of a job on several GPUs that take the same.

    ``ranks``: the members; ``seen``: of the one that ran alone, as ``measurement``. parameters:
    elements that it holds.
    """

    name: str
    ranks: tuple[int, ...]
    parameters: int
    measurement: StepMeasurement
    seen: RankSeen


@dataclass(frozen=True, slots=True)
class PlanPoint:
    """A way to run a model file on several GPUs, of which each has its own batch."""

    gpu_count: int
    precision: Precision
    per_device_batch_size: int
    strategy: Strategy

    @property
    def shares(self) -> int:
        """GPUs that share what is sharded, and what is split beside."""
        return self.gpu_count // self.strategy.sharding_groups


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A plan of which each kind of rank was run alone, or why it could not be run.

    ranks: the kind that takes the most first. squeezed: bytes that the allocator held on devices of
    which the memory suffices only if it gives idle chunks back, by the device's capacity.
    """

    point: PlanPoint
    ranks: tuple[RankClass, ...] | Missing
    squeezed: Mapping[int, int] = field(default_factory=dict)

    @property
    def measurement(self) -> StepMeasurement | Missing:
        """Of the kind of rank that takes the most."""
        return self.ranks if isinstance(self.ranks, Missing) else self.ranks[0].measurement

    @property
    def seen(self) -> RankSeen | None:
        """The rank that ran for that kind."""
        return None if isinstance(self.ranks, Missing) else self.ranks[0].seen


@dataclass(frozen=True, slots=True)
class PlansSeen:
    """A search among plans: those run, and how many were left out, by why.

    On each GPU type one of these, counted as the last one: too_large: what takes no more did not
    fit. slower: what does less to save memory fits. smaller: four times the batch fits. failing:
    the same strategy has failed at the same precision and no larger a batch. not_reached: time was
    up.
    """

    runs: tuple[PlanRun, ...]
    too_large: int = 0
    slower: int = 0
    smaller: int = 0
    failing: int = 0
    not_reached: int = 0

    @property
    def left_out(self) -> int:
        return self.too_large + self.slower + self.smaller + self.failing + self.not_reached


NOT_LOCATED = Missing(sentence("the launch that set the peak was not looked for"))


@dataclass(frozen=True, slots=True)
class DryStepReport:
    """Everything one dry run of a workload brought back.

    ``measurements``: the asked batch size, one per precision, the user's own first.
    ``trials``: one per capacity. ``ladder``: the user's own precision at round batch sizes,
    without a limit of memory. ``device_name``: what the driver calls a real GPU, else empty.
    ``assumptions``: plain sentences on what was
    filled in for the user. ``host_peak_bytes``: resident memory of the child process.
    ``fallback_reason``: why ``auto`` did not take a better device, or empty. ``phases``: the
    asked batch size phase by phase, in the order they ran; empty where only steps were seen.
    ``peak_at``: where the largest of them has its peak. ``batches``: of a script, what its own
    loader gave; ``loader``: what is known of that.
    ``variants``: one for each of the request. ``timeline``: of the steady step, where asked for.
    ``rank``: of one rank of a job on several GPUs, what it brought back. ``ranks``: of such a
    job, every kind of rank, the one that takes the most first; all else is of that one.
    ``plans``: of a model file on several GPUs, where they were asked for.
    """

    device: Device
    paddle_version: str
    model: ModelFacts
    optimizer: str
    measurements: tuple[StepMeasurement, ...]
    trials: tuple[CapacityTrial, ...]
    assumptions: tuple[str, ...]
    seconds: float
    host_peak_bytes: int
    fallback_reason: str = ""
    ladder: tuple[StepMeasurement, ...] = ()
    device_name: str = ""
    phases: tuple[PhasePeak, ...] = ()
    peak_at: PeakAt | Missing = NOT_LOCATED
    batches: BatchesSeen | None = None
    variants: tuple[VariantRun, ...] = ()
    timeline: Timeline | None = None
    rank: RankSeen | None = None
    ranks: tuple[RankClass, ...] = ()
    plans: PlansSeen | Missing | None = None
    loader: LoaderSeen | Missing = NO_LOADER

    @property
    def largest_phase(self) -> PhasePeak | None:
        """The phase with the largest allocated peak, the first of equals; None without phases."""
        return max(self.phases, key=lambda phase: phase.peak_allocated_bytes, default=None)
