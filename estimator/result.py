"""The whole answer to one question, as plain data: what every front end shows."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.drystep.measurement import DryStepReport, Precision
from estimator.gpus.types import GpuType
from estimator.manifest.types import Manifest
from estimator.memory.types import MemoryEstimate
from estimator.plan.types import CandidatePlan, Question, Recommendation
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Missing
from estimator.workload.types import Workload


@dataclass(frozen=True, slots=True)
class GpuRow:
    """The workload on one GPU type, at the asked batch size and the user's precision.

    ``max_per_device_batch_size`` is the largest that was really run within the type's capacity
    (0: not even one sample fits). ``step_time`` is Missing where nothing says how fast the
    type is.
    """

    gpu: GpuType
    precision: Precision
    memory: MemoryEstimate
    step_time: StepTimeEstimate | Missing
    max_per_device_batch_size: int


@dataclass(frozen=True, slots=True)
class NothingFits:
    """No candidate is feasible; ``nearest`` misses by least and its reason says by how much."""

    nearest: CandidatePlan
    candidates: tuple[CandidatePlan, ...]


@dataclass(frozen=True, slots=True)
class EstimateResult:
    """One finished estimate. ``identifier`` names its record in the history."""

    identifier: str
    workload: Workload
    question: Question
    report: DryStepReport
    gpus: tuple[GpuRow, ...]
    outcome: Recommendation | NothingFits
    manifest: Manifest | Missing
    notes: tuple[str, ...] = ()
