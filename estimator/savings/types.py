"""What of the memory is fixed, what each sample adds, and what other ways would save."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.drystep.measurement import DryStepReport
from estimator.memory.types import MemoryEstimate
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class Shares:
    """Allocated bytes at ``batch_size``: ``fixed + per_sample * batch_size``, by two runs.

    ``other_batch_size`` is the second run's. The line is exact at both and near them.
    """

    batch_size: int
    other_batch_size: int
    fixed: int
    per_sample: int


@dataclass(frozen=True, slots=True)
class Saving:
    """One way to run the model. ``saving`` is against the asked way, in bytes of device memory.

    ``flags`` say what to change. Memory is that of one GPU of the asked type, below zero is more.
    """

    flags: str
    memory: MemoryEstimate | Missing
    saving: int | Missing
    largest_batch_size: int | Missing


@dataclass(frozen=True, slots=True)
class Savings:
    """The answer of ``paddle-estimate explain``: rows by how much they save, most first."""

    gpu: str
    report: DryStepReport
    memory: MemoryEstimate
    largest_batch_size: int
    shares: Shares | Missing
    rows: tuple[Saving, ...]
    notes: tuple[str, ...]
