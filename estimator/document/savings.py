"""The JSON document of ``paddle-estimate explain``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from estimator.document.figure import Figure, figure
from estimator.document.parts import SCHEMA_VERSION
from estimator.savings.types import Saving, Savings
from estimator.values import Missing


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class SharesPart(_Part):
    """Allocated bytes = ``fixed_bytes + per_sample_bytes * batch``; nulls have a ``reason``."""

    fixed_bytes: int | None
    per_sample_bytes: int | None
    batch_sizes: list[int]
    reason: str


class SavingPart(_Part):
    """One way to run the model; ``reason`` says why a null is one."""

    flags: str
    device_memory_bytes: Figure[int]
    saving_bytes: int | None
    max_per_device_batch_size: int | None
    reason: str


class SavingsDocument(_Part):
    """The asked way, and all others."""

    schema_version: Literal[1]
    model: str
    gpu: str
    optimizer: str
    precision: str
    per_device_batch_size: int
    peak_allocated_bytes: int
    device_memory_bytes: Figure[int]
    max_per_device_batch_size: int
    shares: SharesPart
    rows: list[SavingPart]
    assumptions: list[str]
    notes: list[str]


def to_savings_document(savings: Savings) -> SavingsDocument:
    """The document; texts are in the language the savings hold."""
    measured = savings.report.measurements[0]
    return SavingsDocument(
        schema_version=SCHEMA_VERSION,
        model=savings.report.model.name,
        gpu=savings.gpu,
        optimizer=savings.report.optimizer,
        precision=measured.precision.label,
        per_device_batch_size=measured.per_device_batch_size,
        peak_allocated_bytes=measured.peak_allocated_bytes,
        device_memory_bytes=figure(savings.memory.device_memory),
        max_per_device_batch_size=savings.largest_batch_size,
        shares=_shares(savings),
        rows=[_row(row) for row in savings.rows],
        assumptions=list(savings.report.assumptions),
        notes=list(savings.notes),
    )


def _shares(savings: Savings) -> SharesPart:
    shares = savings.shares
    if isinstance(shares, Missing):
        return SharesPart(
            fixed_bytes=None, per_sample_bytes=None, batch_sizes=[], reason=shares.reason
        )
    return SharesPart(
        fixed_bytes=shares.fixed,
        per_sample_bytes=shares.per_sample,
        batch_sizes=[shares.batch_size, shares.other_batch_size],
        reason="",
    )


def _row(row: Saving) -> SavingPart:
    memory, saving, largest = row.memory, row.saving, row.largest_batch_size
    return SavingPart(
        flags=row.flags,
        device_memory_bytes=figure(memory if isinstance(memory, Missing) else memory.device_memory),
        saving_bytes=None if isinstance(saving, Missing) else saving,
        max_per_device_batch_size=None if isinstance(largest, Missing) else largest,
        reason=memory.reason if isinstance(memory, Missing) else "",
    )
