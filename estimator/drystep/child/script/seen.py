"""What a run of a script has to find out, and what it saw: plain data between processes."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.drystep.allocator import BY_NEED, AllocatorRule
from estimator.drystep.child.script.template import Template
from estimator.drystep.child.virtual import BOUNDLESS, StepRecord
from estimator.drystep.cluster import RankSeen
from estimator.drystep.loader import LoaderSeen
from estimator.drystep.measurement import (
    CONV_WORKSPACE_LIMIT_BYTES,
    NOT_LOCATED,
    MemoryBreakdown,
    ModelFacts,
    PeakAt,
    Precision,
    Timeline,
)
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class Probe:
    """One run of the script. Memory in bytes.

    batch_size None: the script's own. capacity: of the device. workspace: whether convolutions take
    scratch. template: the batch that the training loader (number ``train_loader``) gives
    at every step instead of loading one. first_look: also watch how shapes vary and an
    evaluation. breakdown: find out what was alive at the peak, and which launch set it. timeline:
    also follow what memory holds over a step. lead: the optimizer whose updates end a step, by its
    place in the order of their first ones.
    """

    batch_size: int | None = None
    capacity: int = BOUNDLESS
    workspace: bool = False
    template: Template | None = None
    train_loader: int | None = None
    first_look: bool = False
    breakdown: bool = False
    timeline: bool = False
    lead: int = 0


@dataclass(frozen=True, slots=True)
class StepSeen:
    """One optimizer step: its peaks in bytes, and the batches that went into it.

    ``batch_size``, ``shapes`` and ``batch_bytes`` are those of the last of ``batches`` batches.
    """

    peak_allocated_bytes: int
    peak_reserved_bytes: int
    batch_size: int
    batch_bytes: int
    shapes: tuple[tuple[int, ...], ...]
    batches: int = 1


@dataclass(frozen=True, slots=True)
class EvaluationSeen:
    """An evaluation pass. Peaks in bytes over ``batches`` batches.

    keeps_gradients_at: ``file:line`` of a forward pass that kept what a backward pass would need;
    empty where none did. ended_early: whether it had more batches. peak_at: the launch that set the
    peak.
    """

    peak_allocated_bytes: int
    peak_reserved_bytes: int
    batch_size: int
    batches: int
    keeps_gradients_at: str
    ended_early: bool
    peak_at: PeakAt | Missing = NOT_LOCATED


@dataclass(frozen=True, slots=True)
class RunSeen:
    """Everything seen of one run.

    ``steps`` in order; ``record`` of the second (None if there was none), ``breakdown`` and
    ``peak_at`` of its peak and the ``timeline`` if they were asked for. ``train_loader``: the
    number of the loader that fed the steps, None where no DataLoader did; ``declared_batch_size``
    is what that says of itself, ``loader`` what else is known of it. ``template`` is the largest
    batch loaded, or why there is none: a run on a template has loaded none. ``page_bytes``: of the
    whole run. ``rank``: of one of many. ``lead``: the optimizer that updates least often.
    """

    steps: tuple[StepSeen, ...]
    record: StepRecord | None
    breakdown: MemoryBreakdown | None
    evaluation: EvaluationSeen | None
    facts: ModelFacts
    optimizer: str
    precision: Precision
    train_loader: int | None
    template: Template | str
    declared_batch_size: int | None
    loader: LoaderSeen | Missing
    notes: tuple[str, ...] = ()
    page_bytes: int = 0
    host_peak_bytes: int = 0
    processor_seconds: float = 0.0
    peak_at: PeakAt | Missing = NOT_LOCATED
    timeline: Timeline | None = None
    workspace_limit_bytes: int = CONV_WORKSPACE_LIMIT_BYTES
    allocator: AllocatorRule = BY_NEED
    rank: RankSeen | None = None
    lead: int = 0


@dataclass(frozen=True, slots=True)
class NoRoom:
    """The run ended in the device's out-of-memory error."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The script stands before its first batch, and copies of it can be made."""
