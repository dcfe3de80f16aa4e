"""What past jobs teach, and remembering this one. Neither may cost the user the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from estimator import __version__
from estimator.drystep.measurement import DryStepReport
from estimator.errors import BadInput
from estimator.learning.arrays import moments_of_end
from estimator.learning.correction import correction_of, state_of
from estimator.learning.counting import observe_frame
from estimator.learning.frames import needed_columns
from estimator.learning.model import MODEL_FILE, FittedModel, load
from estimator.learning.state import State
from estimator.manifest.types import Manifest, Refused
from estimator.messages import sentence
from estimator.paths import shipped_folder, user_data_folder
from estimator.plan.types import CandidatePlan, Recommendation
from estimator.records.samples import published_samples
from estimator.records.store import default_address, is_there, open_store
from estimator.records.stores.base import Store
from estimator.records.types import (
    Correction,
    JobFacts,
    JobRecord,
    Predicted,
    Submitted,
)
from estimator.result import EstimateResult, NothingFits
from estimator.values import Bounded, Missing

if TYPE_CHECKING:
    import pandas as pd


MOST_UNFITTED = 10_000
"""Own jobs, the newest, that an answer learns from by itself where ``history fit`` never ran."""


@dataclass(frozen=True, slots=True)
class Experience:
    """History's correction, and lines on what of the history could not be used.

    state: all that was learnt, for what is asked for outright, such as host memory.
    """

    correction: Correction
    notes: tuple[str, ...]
    state: State = field(default_factory=State)


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
    model, notes = _fitted()
    state = model.state if model else State()
    state.merge(state_of(published_samples(shipped_folder("history"))))
    own, not_used = _own_state(model)
    state.merge(own)
    correction = (
        correction_of(state, model.calibration, model.boosts) if model else correction_of(state)
    )
    return Experience(correction, (*notes, *not_used), state)


def remember(result: EstimateResult, prior: CandidatePlan) -> tuple[str, ...]:
    """Save the estimate as a record; returns a note where that failed.

    prior: the plan of the record as it was before history corrected it.
    """
    try:
        with open_store() as store:
            store.save(record_of(result, prior))
    except BadInput as error:
        return (sentence("the estimate was not saved: {why}", why=error.what),)
    return ()


def record_of(result: EstimateResult, prior: CandidatePlan) -> JobRecord:
    """The plan that was recommended, or the nearest miss, as a job that has not run yet."""
    plan, (memory, cpu) = recorded_plan(result.outcome), _request(result)
    return JobRecord(
        identifier=result.identifier,
        created_at=datetime.now(UTC),
        submitted=Submitted(
            facts=job_facts(result.report, plan, _template(result)),
            memory_bytes=memory,
            cpu=cpu,
            gpu_memory_bytes=plan.memory.capacity_bytes,
            job_request=_saved(result),
        ),
        predicted=Predicted(
            tool_version=__version__,
            device_memory_bytes=plan.memory.device_memory,
            step_time_s=_known(plan.step_seconds),
            prior_device_memory_bytes=prior.memory.device_memory,
            prior_step_time_s=_known(prior.step_seconds),
        ),
    )


def job_facts(report: DryStepReport, plan: CandidatePlan, template: str | None) -> JobFacts:
    """What a record says of a plan's job."""
    return JobFacts(
        model=report.model.name,
        gpu=plan.gpu,
        precision=plan.precision.label,
        per_device_batch_size=plan.per_device_batch_size,
        gpu_count=plan.gpu_count,
        template=template,
    )


def _template(result: EstimateResult) -> str | None:
    return None if isinstance(result.manifest, Missing) else result.manifest.template


def _saved(result: EstimateResult) -> str | None:
    """What the manifest is made of; of one that was refused too, for when its cause is mended."""
    made = result.manifest
    return made.saved if isinstance(made, Manifest | Refused) else None


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


def _fitted() -> tuple[FittedModel | None, tuple[str, ...]]:
    try:
        return load(model_path()), ()
    except BadInput as error:
        return None, (f"{error.what}: {error.hint}",)


def _own_state(model: FittedModel | None) -> tuple[State, tuple[str, ...]]:
    """What the own jobs teach that the fitted model does not know yet."""
    state = State()
    if not is_there(default_address()):
        return state, ()
    try:
        with open_store() as store:
            for frame in _own_frames(store, model):
                observe_frame(state, frame)
    except BadInput as error:
        why = sentence("your own job records were not used: {why}", why=error.what)
        return State(), (why,)
    return state, ()


def _own_frames(store: Store, model: FittedModel | None) -> Iterator[pd.DataFrame]:
    """Jobs that changed and ended since the model was made; without one the newest."""
    if not store.may_have_outcomes():
        return
    from estimator.records.stores.query import EVERYTHING, newest

    if model is None:
        yield newest(store, EVERYTHING, needed_columns(), MOST_UNFITTED)
        return
    since = datetime.fromisoformat(model.made.made_at)
    for frame in store.batches(needed_columns(), since):
        yield frame[moments_of_end(frame) > model.made.until]
