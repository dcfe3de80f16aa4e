"""How much of a GPU's peak each class of kernel reaches: fitted numbers, read from data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.throughput.kernel_class import KernelClass
from estimator.values import Missing

COEFFICIENTS_FILE = Path(__file__).with_name("coefficients.yaml")


class Unit(StrEnum):
    """The arithmetic unit a kernel runs on."""

    SIMT = "simt"
    TF32 = "tf32"
    TENSOR = "tensor"


@dataclass(frozen=True, slots=True)
class Spread:
    """How much faster and slower than predicted a step may be: natural logs of ratios."""

    faster: float
    slower: float


@dataclass(frozen=True, slots=True)
class Interval:
    """What the prediction interval is made of.

    seen: on a chip that the fit has rows of. unseen: on any other. unmeasured: added there,
    as nobody measured what its tensor cores sustain. uncovered: added for time in kernel
    classes that no row exercises, times their share of the step. Both are natural logs.
    """

    seen: Spread
    unseen: Spread
    unmeasured: float
    uncovered: float
    seen_chips: frozenset[str]
    covered_classes: frozenset[KernelClass]


@dataclass(frozen=True, slots=True)
class ScalingCoefficients:
    """Data-parallel scaling.

    imbalance: share of the step lost to waiting for the slowest GPU per doubling of the GPUs of a
    node; pictures: the same where the node's processors decode pictures for all of them;
    unequal_batches: the same where some batches take longer than others; node_imbalance: the same
    per doubling of the nodes.
    synchronisation_seconds: of a collective that the next layer waits for.
    link_efficiency: share of the nominal link rate an all-reduce reaches.
    network_bandwidth: bytes/s of one node's network link, one direction.
    overlap: share of the all-reduce that is hidden behind the backward pass.
    points_below, points_above: the interval; points_per_node: added to both per doubling of
    the nodes.
    """

    imbalance: float
    pictures: float
    unequal_batches: float
    node_imbalance: float
    synchronisation_seconds: float
    link_efficiency: float
    network_bandwidth: float
    overlap: float
    points_below: float
    points_above: float
    points_per_node: float


@dataclass(frozen=True, slots=True)
class HostCost:
    """Seconds the Python process spends to launch one kernel."""

    lower: float
    target: float
    upper: float


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All numbers of the step-time model.

    compute: share of the unit's peak, by kernel class and unit. memory: share of the memory
    bandwidth, by kernel class. launch_seconds: fixed cost of one kernel on the device;
    matrix_launch_seconds: the same for matrix kernels, whose last wave leaves cores idle.
    chips: sustained arithmetic rate of a chip relative to its nominal one, 1 if not listed.
    same_chip: chips sold under several names. stacks: what a step took with software of the past
    over what it takes now; of published runs alone.
    """

    compute: Mapping[KernelClass, Mapping[Unit, float]]
    memory: Mapping[KernelClass, float]
    launch_seconds: float
    matrix_launch_seconds: float
    host_seconds: HostCost
    chips: Mapping[str, float]
    same_chip: Mapping[str, str]
    interval: Interval
    scaling: ScalingCoefficients
    stacks: Mapping[str, float] = field(default_factory=dict)

    def chip_of(self, gpu: GpuType) -> str:
        """The chip's name: ``A100`` for every A100 and A800 board."""
        words = gpu.name.split("-")
        chip = "-".join(words[:2]) if words[0] == "RTX" else words[0]
        return self.same_chip.get(chip, chip)

    def sustained(self, gpu: GpuType) -> float:
        """Sustained over nominal arithmetic rate of this GPU type."""
        return self.chips.get(self.chip_of(gpu), 1.0)


def units_for(dtype: str, gpu: GpuType) -> Mapping[Unit, float]:
    """Units a matrix kernel of this dtype can run on, with their peaks in FLOP/s.

    cuBLAS and cuDNN take the faster. Paddle lets them use TF32 for float32 wherever the GPU
    has it (``allow_tf32_cublas`` and ``allow_tf32_cudnn`` are true in Paddle's device context,
    2.0 to 3.x). Half precision without tensor cores runs at the float32 rate.
    """
    units = {Unit.SIMT: gpu.fp32_flops}
    peaks = {"float16": gpu.fp16_flops, "bfloat16": gpu.bf16_flops, "float32": gpu.tf32_flops}
    peak = peaks.get(dtype)
    if peak is not None and not isinstance(peak, Missing):
        units[Unit.TF32 if dtype == "float32" else Unit.TENSOR] = peak
    return units


def parse_coefficients(raw: object) -> Coefficients:
    """Coefficients of a YAML document's ``coefficients`` part. Raises pydantic.ValidationError."""
    from pydantic import TypeAdapter

    return TypeAdapter(Coefficients).validate_python(raw)


@lru_cache(maxsize=1)
def load_coefficients() -> Coefficients:
    """The shipped coefficients. Raises InternalError where the file cannot be read."""
    import yaml

    try:
        document = yaml.safe_load(COEFFICIENTS_FILE.read_text(encoding="utf-8"))
        return parse_coefficients(document["coefficients"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as problem:
        raise InternalError(
            f"the step-time coefficients cannot be read: {problem}",
            where=str(COEFFICIENTS_FILE),
            hint="reinstall paddle-estimate",
        ) from problem
