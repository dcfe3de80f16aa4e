"""The whole answer to one question, as plain data: what every front end shows."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.drystep.measurement import DryStepReport, Precision
from estimator.gpus.types import GpuType
from estimator.learning.nearest import PastJob
from estimator.manifest.types import Manifest
from estimator.memory.types import MemoryEstimate
from estimator.plan.types import CandidatePlan, Question, Recommendation
from estimator.records.types import Evidence, Target
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Missing
from estimator.verification import Verification
from estimator.workload.types import Workload


@dataclass(frozen=True, slots=True)
class Learnt:
    """What past jobs made of one prediction: before, after, and the jobs behind it.

    ``before`` and ``after`` are in the unit of the target: bytes, or seconds of one step.
    """

    target: Target
    before: Bounded[float]
    after: Bounded[float]
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class GpuRow:
    """The workload on one GPU type, at the asked batch size and the user's precision.

    ``max_per_device_batch_size`` is the largest that was really run within the type's capacity
    (0: not even one sample fits). ``step_time`` is Missing where nothing says how fast the
    type is. ``learnt``: the predictions that past jobs corrected.
    """

    gpu: GpuType
    precision: Precision
    memory: MemoryEstimate
    step_time: StepTimeEstimate | Missing
    max_per_device_batch_size: int
    learnt: tuple[Learnt, ...] = ()


@dataclass(frozen=True, slots=True)
class NothingFits:
    """No candidate is feasible; ``nearest`` misses by least and its reason says by how much."""

    nearest: CandidatePlan
    candidates: tuple[CandidatePlan, ...]


@dataclass(frozen=True, slots=True)
class EstimateResult:
    """One finished estimate. ``identifier`` names its record in the history.

    ``verification`` is None where none was asked for. ``nearest_jobs``: own past jobs of the same
    model, the most similar first.
    """

    identifier: str
    workload: Workload
    question: Question
    report: DryStepReport
    gpus: tuple[GpuRow, ...]
    outcome: Recommendation | NothingFits
    manifest: Manifest | Missing
    notes: tuple[str, ...] = ()
    verification: Verification | Missing | None = None
    nearest_jobs: tuple[PastJob, ...] = ()
