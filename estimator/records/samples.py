"""Past jobs to learn from: published ones that ship with the tool, and the user's own."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimator.records.published import read_rows
from estimator.records.stores.base import Store
from estimator.records.types import JobFacts, JobRecord, ResidualSample, Target
from estimator.values import Bounded, Source

RESIDUALS_FILE = "published_residuals.csv"

_COLUMNS = [
    "model",
    "gpu",
    "precision",
    "per_device_batch_size",
    "gpu_count",
    "target",
    "prior_target",
    "prior_lower",
    "prior_upper",
    "actual",
    "seen_by_prior",
    "source",
    "produced_by",
]


@dataclass(frozen=True, slots=True)
class _ResidualRow:
    model: str
    gpu: str
    precision: str
    per_device_batch_size: int
    gpu_count: int
    target: Target
    prior_target: float
    prior_lower: float
    prior_upper: float
    actual: float
    seen_by_prior: bool
    source: str
    produced_by: str


def published_samples(folder: Path) -> tuple[ResidualSample, ...]:
    """The samples of ``published_residuals.csv`` of a folder.

    Raises BadInput with file and line, as ``published.read_rows`` says.
    """
    return read_rows(folder / RESIDUALS_FILE, _COLUMNS, _parser())


def write_samples(path: Path, samples: Iterable[ResidualSample], produced_by: str) -> None:
    """Write samples as ``published_samples`` reads them; six significant digits."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(_cells(sample, produced_by) for sample in samples)


def store_samples(store: Store) -> tuple[ResidualSample, ...]:
    """What the user's own jobs say, oldest first: those with an outcome and a prior."""
    pairs = ((record, target) for record in store.records() for target in Target)
    samples = (_own_sample(record, target) for record, target in pairs)
    return tuple(sample for sample in samples if sample is not None)


def _own_sample(record: JobRecord, target: Target) -> ResidualSample | None:
    predicted, happened = record.predicted, record.happened
    if predicted is None or happened is None:
        return None
    prior, actual = predicted.prior_of(target), happened.of(target)
    if prior is None or prior.target <= 0 or not actual:
        return None
    return ResidualSample(
        record.submitted.facts,
        target,
        prior,
        actual,
        f"job {record.identifier}",
        ended_at=(happened.finished_at or record.created_at).timestamp(),
        status=happened.status,
        exit_reason=happened.exit_reason,
        limit=_limit(record, target),
    )


def _limit(record: JobRecord, target: Target) -> float | None:
    """What the job could get at most."""
    asked = {
        Target.DEVICE_MEMORY: record.submitted.gpu_memory_bytes,
        Target.HOST_MEMORY: record.submitted.memory_bytes,
    }.get(target)
    return None if asked is None else float(asked)


def _cells(sample: ResidualSample, produced_by: str) -> list[str]:
    facts, prior = sample.facts, sample.prior
    return [
        facts.model or "",
        facts.gpu or "",
        facts.precision or "",
        str(facts.per_device_batch_size),
        str(facts.gpu_count),
        sample.target,
        *(f"{number:.6g}" for number in (prior.target, prior.lower, prior.upper, sample.actual)),
        str(sample.seen_by_prior).lower(),
        sample.source,
        produced_by,
    ]


def _parser() -> Callable[[Mapping[str, Any]], ResidualSample]:
    from pydantic import TypeAdapter

    adapter = TypeAdapter(_ResidualRow)
    return lambda row: _sample(adapter.validate_python(row))


def _sample(row: _ResidualRow) -> ResidualSample:
    return ResidualSample(
        facts=JobFacts(row.model, row.gpu, row.precision, row.per_device_batch_size, row.gpu_count),
        target=row.target,
        prior=Bounded(
            row.prior_target, row.prior_lower, row.prior_upper, Source.VIRTUAL, row.produced_by
        ),
        actual=row.actual,
        source=row.source,
        seen_by_prior=row.seen_by_prior,
    )
