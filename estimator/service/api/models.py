"""The shapes of the API's answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from estimator.messages import Language, from_portable, text, translate
from estimator.service.intake.question import command_line
from estimator.service.jobs.types import Run, State
from estimator.service.problems import told


class Problem(BaseModel):
    """RFC 9457. ``where`` is a place in the uploaded file, ``hint`` what to try next."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str = ""
    where: str = ""
    hint: str = ""
    notes: list[str] = []
    instance: str = ""


class Progress(BaseModel):
    """Stages begun so far as keys and in words, what is under way, and lines to be seen."""

    stages: list[str]
    said: list[str]
    detail: str
    notes: list[str]


class Summary(BaseModel):
    """The answer in one line, and the figures of the recommended plan or the nearest miss."""

    fits: bool
    verdict: str
    estimate: str
    model: str
    gpu: str
    gpu_count: int
    nodes: int
    per_device_batch_size: int
    precision: str
    device_memory_bytes: int
    capacity_bytes: int


class Links(BaseModel):
    """Where more is to be had."""

    self: str
    page: str
    result: str
    events: str
    manifest: str


class Estimate(BaseModel):
    """One estimate that was asked for. ``ahead``: queued runs before it, null once it has begun.

    ``command``: the command line that asks the same.
    """

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    title: str
    owner: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    attempts: int
    ahead: int | None
    progress: Progress
    error: Problem | None
    summary: Summary | None
    options: dict[str, Any]
    command: list[str]
    links: Links


class Estimates(BaseModel):
    """Newest first; ``next`` is the address of the page after this one."""

    estimates: list[Estimate]
    next: str | None


class Ready(BaseModel):
    """Whether work can be taken, or the reason why not, and what is not possible here."""

    ready: bool
    reason: str = ""
    version: str
    uploads: bool
    uploads_reason: str = ""


class Difference(BaseModel):
    """One figure of two results."""

    name: str
    left: Any
    right: Any


class Comparison(BaseModel):
    """Two results side by side: their figures that differ first."""

    left: Estimate
    right: Estimate
    differences: list[Difference]
    same: list[Difference]


class ModelEntry(BaseModel):
    """A model that the owner registered."""

    name: str
    title: str


class Models(BaseModel):
    """All registered models."""

    models: list[ModelEntry]


class Document(BaseModel):
    """A document as the command line prints it with --json."""

    model_config = ConfigDict(extra="allow")

    schema_version: int


class ChangedLine(BaseModel):
    """A line of a unified difference: its sign (+, -, a space, or @ between two parts), and for an
    added value where it comes from and why.
    """

    sign: Literal["+", "-", " ", "@"]
    text: str
    origin: str
    reason: str


class ManifestChanges(BaseModel):
    """A manifest against its template; ``diff`` is the whole as ``diff -u`` writes it."""

    template: str
    kind: str
    diff: str
    lines: list[ChangedLine]


class AuditLine(BaseModel):
    """Who did what."""

    at: datetime
    who: str
    what: str
    detail: str


class Audit(BaseModel):
    """Newest first."""

    entries: list[AuditLine]


class Asked(BaseModel):
    """What a new estimate is about: exactly one of ``source``, ``model`` and an uploaded file."""

    source: str | None = Field(default=None, description="Text of a Python model file.")
    filename: str = Field(
        default="model.py", max_length=120, pattern=r"^[\w][\w .-]*\.py$", description="Its name."
    )
    model: str | None = Field(
        default=None, max_length=120, description="Name of a registered model."
    )
    entry: str | None = Field(
        default=None, max_length=240, description="The model file within an uploaded archive."
    )
    fresh: bool = Field(default=False, description="Do not answer from an earlier estimate.")


def estimate_of(run: Run, language: Language, ahead: int | None = None) -> Estimate:
    """What is told of a run, in a language."""
    base = f"/api/v1/estimates/{run.identifier}"
    options, script = run.request["options"], run.request.get("script", False)
    return Estimate(
        id=run.identifier,
        state=run.state.value,
        title=run.title,
        owner=run.owner,
        created=_moment(run.created),
        started=None if run.started is None else _moment(run.started),
        finished=None if run.finished is None else _moment(run.finished),
        attempts=run.attempts,
        ahead=ahead if run.state is State.QUEUED else None,
        progress=_progress(run, language),
        error=None if run.error is None else Problem(**told(run.error, language, base)),
        summary=_summary(run, language),
        options=options,
        command=command_line(options, run.request["entry"], script=script),
        links=Links(
            self=base,
            page=f"/estimates/{run.identifier}",
            result=f"{base}/result",
            events=f"{base}/events",
            manifest=f"{base}/manifest",
        ),
    )


def _progress(run: Run, language: Language) -> Progress:
    stages = run.progress.get("stages", [])
    return Progress(
        stages=stages,
        said=[text(stage, language) for stage in stages],
        detail=translate(from_portable(run.progress.get("detail", "")), language),
        notes=[translate(from_portable(one), language) for one in run.progress.get("notes", [])],
    )


def _summary(run: Run, language: Language) -> Summary | None:
    if run.summary is None:
        return None
    return Summary(**{**run.summary, "verdict": run.summary["verdict"][language.value]})


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
