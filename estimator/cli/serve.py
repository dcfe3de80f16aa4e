"""``paddle-estimate serve``: the API and its page, until it is interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from estimator.cli.common import CommonArguments, option
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.messages import message

if TYPE_CHECKING:
    from estimator.service.settings import Settings

DATABASE = "service.sqlite3"
_service = partial(option, panel="service")
_safety = partial(option, panel="safety")
_DASK = ("tcp", "tls")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, kw_only=True)
class ServeArguments(CommonArguments):
    """``paddle-estimate serve``."""

    host: Annotated[str, _service("--host", "ADDRESS")] = "127.0.0.1"
    port: Annotated[int, _service("--port", "N", min=0, max=65535)] = 8734
    database: Annotated[str | None, _service("--database", "URL")] = None
    data_dir: Annotated[Path | None, _service("--data-dir", "DIR")] = None
    workers: Annotated[int, _service("--workers", "N", min=0)] = 0
    dry_step_on: Annotated[
        str | None, _service("--dry-step-on", "tcp://HOST:PORT|kubernetes[:NAMESPACE]")
    ] = None
    models: Annotated[list[Path], _service("--models", "DIR")] = field(default_factory=list)
    gpus_file: Annotated[Path | None, _service("--gpus-file", "FILE")] = None
    templates: Annotated[list[Path], _service("--templates", "DIR")] = field(default_factory=list)
    crds: Annotated[Path | None, _service("--crds", "DIR")] = None
    cluster: Annotated[Path | None, _service("--cluster", "FILE")] = None
    tokens: Annotated[Path | None, _safety("--tokens", "FILE")] = None
    public_host: Annotated[list[str], _safety("--public-host", "NAME")] = field(
        default_factory=list
    )
    allow_unsafe_uploads: Annotated[bool, _safety("--allow-unsafe-uploads")] = False
    max_memory: Annotated[str | None, _safety("--max-memory", "BYTES")] = None
    max_upload: Annotated[str, _safety("--max-upload", "BYTES")] = "16MiB"
    max_queued: Annotated[int, _safety("--max-queued", "N", min=1)] = 250
    keep_days: Annotated[int, _service("--keep-days", "N", min=1)] = 90
    max_rate: Annotated[int, _safety("--max-rate", "N", min=1)] = 60_000


def run(session: Session, arguments: ServeArguments) -> int:
    """Serve until interrupted. Raises BadInput for settings that are not safe."""
    settings = _settings(arguments)
    try:
        from estimator.service.server import serve
    except ModuleNotFoundError as error:
        hint = "pip install 'paddle-estimate[service]'"
        raise BadInput(message("serve.missing", module=error.name), hint=hint) from None
    return serve(settings, session.say)


def _require_engine(address: str) -> None:
    from estimator.service.settings import KUBERNETES

    kind = address.partition(":")[0]
    if kind not in (KUBERNETES, *_DASK):
        hint = f"--dry-step-on {KUBERNETES}, --dry-step-on tcp://HOST:8786"
        raise BadInput(message("serve.no_engine", name=address), where="--dry-step-on", hint=hint)


def _settings(arguments: ServeArguments) -> Settings:
    from estimator.cli.amounts import bytes_of
    from estimator.service.settings import Bounds, Settings, Site

    if arguments.tokens is None and arguments.host not in _LOOPBACK:
        raise BadInput(
            message("serve.no_tokens", host=arguments.host), where="--host", hint="--tokens FILE"
        )
    if arguments.dry_step_on is not None:
        _require_engine(arguments.dry_step_on)
    return Settings(
        database=arguments.database or str(_folder(arguments).absolute() / DATABASE),
        host=arguments.host,
        port=arguments.port,
        workers=arguments.workers,
        tokens=arguments.tokens,
        hosts=tuple(arguments.public_host),
        unsafe_uploads=arguments.allow_unsafe_uploads,
        dry_step_on=arguments.dry_step_on,
        cluster=_absolute(arguments.cluster),
        site=Site(
            gpus_file=_absolute(arguments.gpus_file),
            templates=_all_absolute(arguments.templates),
            crds=_absolute(arguments.crds),
            models=_all_absolute(arguments.models),
        ),
        bounds=Bounds(
            upload_bytes=bytes_of("--max-upload", arguments.max_upload),
            queue_per_user=arguments.max_queued,
            requests_per_minute=arguments.max_rate,
            keep_days=arguments.keep_days,
            memory_bytes=0
            if arguments.max_memory is None
            else bytes_of("--max-memory", arguments.max_memory),
        ),
    )


def _absolute(path: Path | None) -> Path | None:
    """Workers have other current folders. Raises BadInput for what is not there."""
    return None if path is None else _all_absolute([path])[0]


def _all_absolute(paths: Sequence[Path]) -> tuple[Path, ...]:
    from estimator.cli.parsing import existing_folders

    return tuple(path.absolute() for path in existing_folders(paths))


def _folder(arguments: ServeArguments) -> Path:
    from estimator.paths import user_data_folder

    return arguments.data_dir or user_data_folder()
