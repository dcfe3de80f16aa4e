"""Published training runs and the kernel records of their workloads: what the fit reads."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from estimator.drystep.measurement import KernelUse, Phase, TensorSpec
from estimator.gpus.catalogue import load_catalogue
from estimator.gpus.names import find_type
from estimator.gpus.types import GpuType
from estimator.throughput.multi_gpu import DataParallelJob, Waits
from estimator.throughput.profile import KernelProfile, profile_kernels
from estimator.values import Missing

Use = Literal["fit", "check", "torch"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str
    record: str
    gpu: str
    source: str
    note: str = ""


class _SingleRow(_Row):
    use: Use
    per_step: float
    rate: float
    unit: str
    spread: float = 0.05
    stack: str = ""


class _ScalingRow(_Row):
    use: Use = "fit"
    per_step: float
    gpu_count: int
    nodes: int
    one_gpu: float
    all_gpus: float
    gradient_bytes: int
    reads_pictures: bool = False
    has_unequal_batches: bool = False
    synchronised: int = 0


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    single_gpu: tuple[_SingleRow, ...]
    multi_gpu: tuple[_ScalingRow, ...]


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A published rate on one GPU. ``spread``: standard deviation of its logarithm. stack: the
    software that it was measured with: ``paddle-1``, or who measured, with one version each.
    """

    label: str
    use: Use
    model: str
    gpu: GpuType
    profile: KernelProfile
    step_seconds: float
    spread: float
    source: str
    stack: str = ""
    unit: str = "samples/s"
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class ScalingRun:
    """A published pair of rates: one GPU, and several. ``efficiency`` is measured."""

    label: str
    model: str
    use: Use
    job: DataParallelJob
    efficiency: float


@dataclass(frozen=True, slots=True)
class Published:
    """Everything the fit reads."""

    single: tuple[PublishedRun, ...]
    scaling: tuple[ScalingRun, ...]

    def of(self, use: Use) -> tuple[PublishedRun, ...]:
        return tuple(run for run in self.single if run.use == use)


def read_published(folder: Path) -> Published:
    """Read ``published.yaml`` and ``kernel_records.json.gz`` of a folder.

    Raises OSError, pydantic.ValidationError, KeyError for a record that is not there, and
    BadInput for a GPU type that the catalogue does not have.
    """
    rows = _File.model_validate(yaml.safe_load((folder / "published.yaml").read_text("utf-8")))
    profiles = {
        name: profile_kernels(kernels)
        for name, kernels in read_kernel_records(folder / "kernel_records.json.gz").items()
    }
    types = load_catalogue().types
    return Published(
        tuple(_single(row, find_type(types, row.gpu), profiles) for row in rows.single_gpu),
        tuple(_scaling(row, find_type(types, row.gpu)) for row in rows.multi_gpu),
    )


def read_kernel_records(path: Path) -> Mapping[str, tuple[KernelUse, ...]]:
    """Kernel records by workload: [name, phase, inputs, outputs, attributes, count] each."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        records = json.load(stream)
    return {name: tuple(_kernel_use(*use) for use in uses) for name, uses in records.items()}


def _kernel_use(name: str, phase: str, tensors_in: Any, tensors_out: Any, *rest: Any) -> KernelUse:
    attributes, count = rest
    inputs, outputs = (
        tuple(TensorSpec(tuple(shape), dtype) for shape, dtype in tensors)
        for tensors in (tensors_in, tensors_out)
    )
    return KernelUse(name, Phase(phase), inputs, outputs, attributes, count)


def _single(row: _SingleRow, gpu: GpuType, profiles: Mapping[str, KernelProfile]) -> PublishedRun:
    if row.use == "torch":
        gpu = replace(gpu, tf32_flops=Missing("PyTorch multiplies float32 without TF32"))
    return PublishedRun(
        label=f"{row.record} on {gpu.name} ({row.source.partition('@')[0]})",
        use=row.use,
        model=row.model,
        gpu=gpu,
        profile=profiles[row.record],
        step_seconds=row.per_step / row.rate,
        spread=row.spread,
        source=row.source,
        stack=row.stack or row.source.partition("@")[0],
        unit=row.unit,
        rate=row.rate,
    )


def _scaling(row: _ScalingRow, gpu: GpuType) -> ScalingRun:
    waits = Waits(row.reads_pictures, row.has_unequal_batches, row.synchronised)
    seconds = row.per_step / row.one_gpu
    return ScalingRun(
        label=f"{row.record} on {row.gpu_count} x {gpu.name}",
        model=row.model,
        use=row.use,
        job=DataParallelJob(seconds, row.gradient_bytes, gpu, row.gpu_count, row.nodes, waits),
        efficiency=row.all_gpus / row.one_gpu / row.gpu_count,
    )
