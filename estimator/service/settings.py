"""What the owner of a service decides."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from estimator.service.sandbox.limits import default_memory_bytes
from estimator.units import MIB

DEFAULT_PORT = 8734
KUBERNETES = "kubernetes"
"""``--dry-step-on``: this, or this with ``:NAMESPACE``."""

_CORES_A_WORKER = 2
_MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class Site:
    """What every estimate of the service is made with, as on the command line."""

    gpus_file: Path | None = None
    templates: tuple[Path, ...] = ()
    crds: Path | None = None
    models: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may take. Bytes and seconds.

    queue_per_user: runs of one user that wait or are under way. requests_per_minute: of one token,
    without a token of one address. time_limit_seconds: of one dry step.
    keep_days: how long runs, results and the audit log are kept.
    """

    upload_bytes: int = 16 * MIB
    unpacked_bytes: int = 256 * MIB
    files: int = 2000
    queue_per_user: int = 250
    requests_per_minute: int = 60_000
    time_limit_seconds: float = 600.0
    memory_bytes: int = 0
    keep_days: int = 90


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole service. ``database``: an address or a file.

    hosts: names by which the service is called from outside. tokens: the file that lists them;
    without one only this machine is served. dry_step_on: address of a Dask cluster, or kubernetes.
    cluster: the description of what the capacity report plans for.
    """

    database: str
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 0
    tokens: Path | None = None
    hosts: tuple[str, ...] = ()
    unsafe_uploads: bool = False
    dry_step_on: str | None = None
    cluster: Path | None = None
    site: Site = Site()
    bounds: Bounds = Bounds()

    @property
    def on_kubernetes(self) -> bool:
        """Whether dry steps are jobs of a Kubernetes cluster."""
        return (self.dry_step_on or "").partition(":")[0] == KUBERNETES

    @property
    def worker_count(self) -> int:
        """As set, or one for every two cores."""
        cores = os.cpu_count() or 1
        return self.workers or max(1, min(_MOST_WORKERS, cores // _CORES_A_WORKER))

    @property
    def memory_bytes(self) -> int:
        """What one estimate may take."""
        return self.bounds.memory_bytes or default_memory_bytes() // self.worker_count


def to_plain(settings: Settings) -> Mapping[str, object]:
    """As JSON can carry it to a worker."""
    from pydantic import TypeAdapter

    plain: Mapping[str, object] = TypeAdapter(Settings).dump_python(settings, mode="json")
    return plain


def from_plain(plain: object) -> Settings:
    """What :func:`to_plain` was given."""
    from pydantic import TypeAdapter

    return TypeAdapter(Settings).validate_python(plain)
