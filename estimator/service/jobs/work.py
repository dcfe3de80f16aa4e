"""One run, from its claim to its answer: the pipeline of the command line, in a sandbox."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from estimator.document import to_document
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import DryStepRequest, Limits
from estimator.drystep.where import Where
from estimator.errors import BadInput, EstimatorError, InternalError
from estimator.messages import Language, sentence, to_portable, translate
from estimator.pipeline import estimate
from estimator.progress import Stage
from estimator.result import EstimateResult, NothingFits
from estimator.service.engines.types import Engine, Place
from estimator.service.intake.question import to_question
from estimator.service.jobs.store import JobStore
from estimator.service.jobs.types import BEAT_SECONDS, Result, Run, State
from estimator.service.problems import problem_of
from estimator.service.sandbox.slots import copy_files
from estimator.service.settings import Settings
from estimator.units import format_bytes


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a worker works with."""

    store: JobStore
    engine: Engine
    settings: Settings


def carry_out(run: Run, place: Workplace) -> None:
    """Answer a run, or say why there is no answer; nothing where it is not ours any more."""
    if (known := place.store.summary(run.digest)) is not None:
        place.store.finish(run, Result(run.digest, {}, known))
        return
    others_wait = place.store.has_queued()
    with place.engine.place(others_wait) as slot, _alive(run, place.store, slot) as pulse:
        try:
            result = _answer(run, place, slot)
        except EstimatorError as error:
            if pulse.cancelled:
                place.store.fail(run, State.CANCELLED, None)
            else:
                problem = problem_of(_without_folder(error), str(slot.folder))
                place.store.fail(run, State.FAILED, problem)
            return
        except Exception as error:
            defect = InternalError(
                sentence("{kind}: {what}", kind=type(error).__name__, what=str(error))
            )
            place.store.fail(run, State.FAILED, problem_of(defect, str(slot.folder)))
            raise
    first = Language(run.request["language"])
    summary = _summary(result)
    if place.store.finish(run, _result(run, result, first, summary)):
        other = Language.EN if first is Language.ZH else Language.ZH
        place.store.keep(_result(run, result, other, summary))


def _answer(run: Run, place: Workplace, slot: Place) -> EstimateResult:
    """The pipeline's answer; in the slot's folder, so that files go by their names alone."""
    if run.request["uploaded"] and not may_upload(place):
        what = sentence("uploads are refused: this machine has no sandbox")
        raise BadInput(what, hint="apt-get install bubblewrap")
    entry = run.request["entry"]
    copy_files(_files(run, place.store), slot.folder)
    with chdir(slot.folder):
        question = to_question(run.request["options"], Path(entry), place.settings)
        run_it = partial(_in_slot, slot, place)
        where = Where(run_it, place.engine.choose)
        return estimate(question, _Told(run, place.store), where, run.identifier)


def _files(run: Run, store: JobStore) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, digest in run.request["files"].items():
        content = store.upload(digest)
        if content is None:
            raise InternalError(sentence("the upload {name} is gone", name=name))
        files[name] = content
    return files


def may_upload(place: Workplace) -> bool:
    """Whether strangers' code may run here."""
    return place.engine.safe or place.settings.unsafe_uploads


def _in_slot(
    slot: Place, place: Workplace, request: DryStepRequest, limits: Limits, heard: OnProgress
) -> DryStepReport:
    seconds = min(limits.seconds, place.settings.bounds.time_limit_seconds)
    bounded = Limits(seconds, place.settings.memory_bytes)
    return slot.run(replace(request, seconds=seconds), bounded, heard)


def _without_folder(error: EstimatorError) -> EstimatorError:
    error.where = error.where.removeprefix("/job/")
    return error


@dataclass(slots=True)
class _Pulse:
    cancelled: bool = False


@contextmanager
def _alive(run: Run, store: JobStore, slot: Place) -> Iterator[_Pulse]:
    """Keep the run ours; end what runs in the slot where it is to stop or is not ours any more."""
    pulse, over = _Pulse(), threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS / 4):
            heard = store.beat(run)
            if heard.cancel or not heard.is_mine:
                pulse.cancelled = heard.cancel
                slot.kill()
                return

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield pulse
    finally:
        over.set()
        thread.join()


@dataclass(slots=True)
class _Told:
    """Progress that is kept with the run."""

    run: Run
    store: JobStore
    stages: list[str] = field(default_factory=list)
    notes: list[object] = field(default_factory=list)
    words: str = ""

    def stage(self, stage: Stage) -> None:
        """The stage, and those before it."""
        self.stages.append(stage.value)
        self.words = ""
        self._tell()

    def detail(self, words: str) -> None:
        """The words behind the stage."""
        self.words = words
        self._tell()

    def advance(self, done: int, total: int) -> None:
        """Not kept."""

    def note(self, text: str) -> None:
        """A line that stays."""
        self.notes.append(to_portable(text))
        self._tell()

    def _tell(self) -> None:
        progress = {
            "stages": self.stages,
            "detail": to_portable(self.words),
            "notes": self.notes,
        }
        self.store.tell(self.run, progress)


def _result(
    run: Run, result: EstimateResult, language: Language, summary: Mapping[str, Any]
) -> Result:
    text = to_document(result, language).model_dump_json()
    return Result(run.digest, {language.value: gzip.compress(text.encode(), 5)}, summary)


def _summary(result: EstimateResult) -> dict[str, Any]:
    """The answer in one line of each language, and the figures of a list."""
    outcome = result.outcome
    fits = not isinstance(outcome, NothingFits)
    plan = outcome.nearest if isinstance(outcome, NothingFits) else outcome.plan
    verdict = _verdict(result)
    return {
        "fits": fits,
        "estimate": result.identifier,
        "model": result.report.model.name,
        "gpu": plan.gpu,
        "gpu_count": plan.gpu_count,
        "nodes": plan.nodes,
        "per_device_batch_size": plan.per_device_batch_size,
        "precision": plan.precision.label,
        "device_memory_bytes": plan.memory.device_memory.target,
        "capacity_bytes": plan.memory.capacity_bytes,
        "verdict": {one.value: translate(verdict, one) for one in Language},
    }


def _verdict(result: EstimateResult) -> str:
    outcome = result.outcome
    if isinstance(outcome, NothingFits):
        plan = outcome.nearest
        return sentence(
            "Nothing fits; {count} x {gpu} at batch {batch} is nearest, and {why}",
            count=plan.gpu_count,
            gpu=plan.gpu,
            batch=plan.per_device_batch_size,
            why=plan.reason,
        )
    plan = outcome.plan
    return sentence(
        "It fits: {count} x {gpu} at batch {batch} per device, {memory} of {capacity} on each",
        count=plan.gpu_count,
        gpu=plan.gpu,
        batch=plan.per_device_batch_size,
        memory=format_bytes(plan.memory.device_memory.target),
        capacity=format_bytes(plan.memory.capacity_bytes),
    )
