"""The neutral description of a job, and the YAML made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from estimator.values import Bounded, Missing

_NOT_ESTIMATED = Missing("not estimated")

ManifestValue = bool | int | float | str | list["ManifestValue"] | dict[str, "ManifestValue"] | None


@dataclass(frozen=True, slots=True)
class Computed:
    """A value the estimate puts into the manifest, and why it is that value."""

    value: ManifestValue
    reason: str


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What the estimate decided, before any template is looked at.

    memory, shm in bytes; gpu_count, cpu, memory and shm are per node.
    ``device_memory`` (bytes) and ``duration`` (seconds) are predictions, the capacity that of one
    card; ``settings`` are further computed values by template path.
    """

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
    reasons: Mapping[str, str]
    estimate_id: str
    settings: Mapping[str, Computed] = field(default_factory=dict)
    device_memory: Bounded[int] | Missing = _NOT_ESTIMATED
    device_capacity_bytes: int | Missing = _NOT_ESTIMATED
    duration: Bounded[float] | Missing = _NOT_ESTIMATED


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one leaf of the manifest comes from: ``file:line`` or ``computed``, and why."""

    path: str
    value: ManifestValue
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The finished YAML text, its kind, and the origin of every leaf.

    ``layers``: ``name@digest`` of each layer, lowest first. ``choice``: why this template.
    ``saved``: what it was made of, to make it again (:mod:`estimator.manifest.jobtext`).
    """

    kind: str
    template: str
    text: str
    document: tuple[Mapping[str, ManifestValue], ...]
    origins: tuple[Origin, ...]
    notes: tuple[str, ...] = ()
    choice: TemplateChoice | None = None
    layers: tuple[str, ...] = ()
    saved: str = ""


@dataclass(frozen=True, slots=True)
class Refused(Missing):
    """Why a planned job has no manifest. ``reason`` is the whole sentence; ``what`` is wrong,
    ``where``, and the ``hint`` as an error says them; ``saved`` as of a :class:`Manifest`, so that
    the job can be rendered when the template is mended.
    """

    what: str = ""
    where: str = ""
    hint: str = ""
    saved: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A value that the user sets at a template path; ``where`` names the option."""

    path: str
    value: ManifestValue
    where: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What an API server or a cluster would not accept: the path in the manifest, the layer and
    line that the value there came from, and what would mend it (empty where they do not say).
    """

    path: tuple[str, ...]
    problem: str
    where: str = ""
    mend: str = ""


@dataclass(frozen=True, slots=True)
class TemplateSummary:
    """One line of the list of templates; ``files`` are its layers, lowest first."""

    name: str
    layer: str
    description: str
    extends: str | None
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateView:
    """A template with all its layers merged: as YAML, and where each value comes from."""

    summary: TemplateSummary
    text: str
    origins: tuple[Origin, ...]
    locked: tuple[Origin, ...]
    policy: tuple[PolicySay, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySay:
    """One rule of the policy in words, and who set it."""

    said: str
    who: str


@dataclass(frozen=True, slots=True)
class LayerSay:
    """What one layer says of a path; ``layer`` is empty for the estimate, ``value`` is None where
    it takes something away or fills in what is not known yet.
    """

    layer: str
    where: str
    action: str
    value: ManifestValue
    wins: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PathStory:
    """Every layer's say on a path, lowest first; the value that came of it; who locked it."""

    path: str
    value: ManifestValue
    is_set: bool
    says: tuple[LayerSay, ...]
    locked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateFinding:
    """What is wrong with a template, in which case it shows, where, and the mend."""

    template: str
    case: str
    where: str
    problem: str
    mend: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A path at which two templates differ. A side that says nothing has an empty origin."""

    path: str
    left: ManifestValue
    left_origin: str
    right: ManifestValue
    right_origin: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A template that suits a model, what speaks for it, and how strongly, in words."""

    name: str
    reason: str
    score: str = ""


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """The template to use, why, and what else would suit, best first."""

    name: str
    reason: str
    alternatives: tuple[Suggestion, ...] = ()
    score: str = ""
