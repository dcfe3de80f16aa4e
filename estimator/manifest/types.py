"""The neutral description of a job, and the YAML made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    ``settings`` are further computed values by template path.
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


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one leaf of the manifest comes from: ``file:line`` or ``computed``, and why."""

    path: str
    value: ManifestValue
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The finished YAML text, its kind, the layers used, and the origin of every leaf."""

    kind: str
    template: str
    text: str
    document: tuple[Mapping[str, ManifestValue], ...]
    origins: tuple[Origin, ...]
    notes: tuple[str, ...] = ()
