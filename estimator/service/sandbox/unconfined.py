"""No sandbox: for an owner who trusts everybody that may upload, and says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from estimator.service.sandbox.confinement import Prepared, Wish
from estimator.service.sandbox.limits import SandboxLimits

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
"""Variables that the code gets: nothing that could be a secret."""


@dataclass(frozen=True, slots=True)
class Unconfined:
    """Runs commands as they are, with few variables and no limits but those of the dry step."""

    limits: SandboxLimits

    @property
    def safe(self) -> bool:
        """Strangers' code is not held."""
        return False

    def inside(self, folder: Path) -> Path:
        """The folder itself."""
        return folder

    def scratch(self, folder: Path) -> Path:
        """The folder itself."""
        return folder

    @contextmanager
    def prepared(self, wish: Wish) -> Iterator[Prepared]:
        """The same words; a shell changes into the folder."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        enter = ["/bin/sh", "-c", 'cd "$0" && exec "$@"', str(wish.folder)]
        yield Prepared([*enter, *wish.words], kept | dict(wish.environment))
