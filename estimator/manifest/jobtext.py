"""A finished job request as JSON, so that its manifest can be made again without a dry step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from estimator.errors import BadInput
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.types import Computed, JobRequest, Override
from estimator.messages import from_portable, message, to_portable
from estimator.options import ManifestOptions
from estimator.values import Bounded, Missing, Number, Source

Value = TypeVar("Value")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Figure(_Part):
    """An interval, a plain number (``target`` alone), or why there is none (``reason`` alone)."""

    target: int | float | None = None
    lower: int | float | None = None
    upper: int | float | None = None
    source: Source | None = None
    reason: str = ""


class _Computed(_Part):
    """``reason`` as :func:`estimator.messages.to_portable` has it: to be told in any language."""

    value: JsonValue
    reason: JsonValue


class _Override(_Part):
    path: str
    value: JsonValue
    where: str


class _Request(_Part):
    name: str
    gpu_product: str
    gpu_count: int
    nodes: int
    cpu: int
    memory_bytes: int
    shm_bytes: int
    per_device_batch_size: int
    compute_capability: tuple[int, int]
    model_file: str
    reasons: dict[str, JsonValue]
    estimate_id: str
    settings: dict[str, _Computed]
    device_memory: _Figure
    device_capacity_bytes: _Figure
    duration: _Figure


class _Saved(_Part):
    version: int = 1
    request: _Request
    kind: ManifestKind
    template: str
    folders: tuple[str, ...]
    command: str | None
    settings: tuple[_Override, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SavedJob:
    """What a manifest was made of: the request, what the user said, and the layers as they were."""

    request: JobRequest
    options: ManifestOptions
    layers: tuple[str, ...]


def to_text(job: SavedJob, template: str) -> str:
    """The job as one line of JSON; ``template`` is the one that was used."""
    request, options = job.request, job.options
    plain = {name: getattr(request, name) for name in _Request.model_fields}
    figures = ("device_memory", "device_capacity_bytes", "duration")
    saved = _Saved(
        request=_Request(
            **{
                **plain,
                **{name: _figure(plain[name]) for name in figures},
                "reasons": {name: to_portable(said) for name, said in request.reasons.items()},
                "settings": {
                    path: _Computed.model_construct(value=one.value, reason=to_portable(one.reason))
                    for path, one in request.settings.items()
                },
            }
        ),
        kind=options.kind,
        template=template,
        folders=tuple(str(folder.absolute()) for folder in options.templates_folders),
        command=options.command,
        settings=tuple(
            _Override.model_construct(path=one.path, value=one.value, where=one.where)
            for one in options.settings
        ),
        layers=job.layers,
    )
    return saved.model_dump_json()


def from_text(text: str, *, where: str) -> SavedJob:
    """The job of :func:`to_text`. Raises BadInput for anything else."""
    try:
        saved = _Saved.model_validate_json(text)
    except ValidationError as error:
        raise BadInput(
            message("layers.saved_unreadable"), where=where, hint="paddle-estimate MODEL.py"
        ) from error
    fields: dict[str, Any] = {name: getattr(saved.request, name) for name in _Request.model_fields}
    fields["settings"] = {
        path: Computed(one.value, from_portable(one.reason))
        for path, one in saved.request.settings.items()
    }
    fields["reasons"] = {name: from_portable(said) for name, said in saved.request.reasons.items()}
    for name in ("device_memory", "device_capacity_bytes", "duration"):
        fields[name] = _read(fields[name])
    options = ManifestOptions(
        kind=saved.kind,
        template=saved.template,
        templates_folders=tuple(Path(folder) for folder in saved.folders),
        command=saved.command,
        settings=tuple(Override(one.path, one.value, one.where) for one in saved.settings),
    )
    return SavedJob(JobRequest(**fields), options, saved.layers)


def _figure(value: Bounded[Number] | Missing | int) -> _Figure:
    if isinstance(value, Missing):
        return _Figure(reason=value.reason)
    if isinstance(value, int):
        return _Figure(target=value)
    return _Figure(
        target=value.target,
        lower=value.lower,
        upper=value.upper,
        source=value.source,
        reason=value.reason,
    )


def _read(figure: _Figure) -> Bounded[Any] | Missing | int | float:
    target, lower, upper = figure.target, figure.lower, figure.upper
    if target is None:
        return Missing(figure.reason)
    if lower is None or upper is None or figure.source is None:
        return target
    return Bounded(target, lower, upper, figure.source, figure.reason)
