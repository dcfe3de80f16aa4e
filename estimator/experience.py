"""What past jobs teach, and remembering this one. Neither may cost the user the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from estimator import __version__
from estimator.errors import BadInput
from estimator.learning.correction import correction_of, state_of
from estimator.learning.frames import needed_columns
from estimator.learning.model import MODEL_FILE, load
from estimator.paths import shipped_folder, user_data_folder
from estimator.plan.types import CandidatePlan, Recommendation
from estimator.records.samples import published_samples, store_samples
from estimator.records.store import default_address, is_there, open_store
from estimator.records.types import (
    Correction,
    JobFacts,
    JobRecord,
    Predicted,
    ResidualSample,
    Submitted,
)
from estimator.result import EstimateResult, NothingFits
from estimator.values import Bounded, Missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Experience:
    """History's correction, and lines on what of the history could not be used."""

    correction: Correction
    notes: tuple[str, ...]


def model_path() -> Path:
    """Where ``history fit`` keeps what it learnt."""
    return user_data_folder() / MODEL_FILE


def own_jobs() -> Iterator[pd.DataFrame]:
    """What learning needs of the own records, in frames. Raises BadInput for a damaged store."""
    if not is_there(default_address()):
        return
    with open_store() as store:
        yield from store.batches(needed_columns())


def load_correction() -> Experience:
    """What ``history fit`` learnt, the published records, and the user's own jobs since.

    A fitted model or a store that cannot be read is a note; the rest is used then.
    """
    published = published_samples(shipped_folder("history"))
    own, notes = _own_samples()
    try:
        model = load(model_path())
    except BadInput as error:
        model, notes = None, (*notes, f"{error.what}: {error.hint}")
    if model is None:
        return Experience(correction_of(state_of((*published, *own))), notes)
    since = (sample for sample in own if sample.ended_at > model.made.until)
    model.state.merge(state_of((*published, *since)))
    return Experience(correction_of(model.state, model.calibration), notes)


def remember(result: EstimateResult, prior: CandidatePlan) -> tuple[str, ...]:
    """Save the estimate as a record; returns a note where that failed.

    prior: the plan of the record as it was before history corrected it.
    """
    try:
        with open_store() as store:
            store.save(record_of(result, prior))
    except BadInput as error:
        return (f"the estimate was not saved: {error.what}",)
    return ()


def record_of(result: EstimateResult, prior: CandidatePlan) -> JobRecord:
    """The plan that was recommended, or the nearest miss, as a job that has not run yet."""
    plan, (memory, cpu) = recorded_plan(result.outcome), _request(result)
    return JobRecord(
        identifier=result.identifier,
        created_at=datetime.now(UTC),
        submitted=Submitted(
            facts=JobFacts(
                model=result.report.model.name,
                gpu=plan.gpu,
                precision=plan.precision.label,
                per_device_batch_size=plan.per_device_batch_size,
                gpu_count=plan.gpu_count,
                template=None if isinstance(result.manifest, Missing) else result.manifest.template,
            ),
            memory_bytes=memory,
            cpu=cpu,
            gpu_memory_bytes=plan.memory.capacity_bytes,
            job_request=None if isinstance(result.manifest, Missing) else result.manifest.saved,
        ),
        predicted=Predicted(
            tool_version=__version__,
            device_memory_bytes=plan.memory.device_memory,
            step_time_s=_known(plan.step_seconds),
            prior_device_memory_bytes=prior.memory.device_memory,
            prior_step_time_s=_known(prior.step_seconds),
        ),
    )


def _known(value: Bounded[float] | Missing) -> Bounded[float] | None:
    return None if isinstance(value, Missing) else value


def recorded_plan(outcome: Recommendation | NothingFits) -> CandidatePlan:
    """The plan that was recommended, or the nearest miss."""
    return outcome.nearest if isinstance(outcome, NothingFits) else outcome.plan


def _request(result: EstimateResult) -> tuple[int | None, float | None]:
    outcome = result.outcome
    if isinstance(outcome, NothingFits):
        return None, None
    return outcome.host.memory_bytes, float(outcome.host.cpu)


def _own_samples() -> tuple[tuple[ResidualSample, ...], tuple[str, ...]]:
    if not is_there(default_address()):
        return (), ()
    try:
        with open_store() as store:
            return tuple(store_samples(store)), ()
    except BadInput as error:
        return (), (f"your own job records were not used: {error.what}",)
