"""What stands between a stranger's code and the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from estimator.service.sandbox.limits import SandboxLimits


@dataclass(frozen=True, slots=True)
class Wish:
    """Words to run, the folder with the code, and the variables that the words get."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A command line, its own variables, and the open files that it must inherit."""

    command: Sequence[str]
    environment: Mapping[str, str]
    descriptors: tuple[int, ...] = ()


class Confinement(Protocol):
    """A way to run code; ``safe`` says whether strangers' code is held by it."""

    @property
    def limits(self) -> SandboxLimits: ...

    @property
    def safe(self) -> bool: ...

    def inside(self, folder: Path) -> Path:
        """What the code folder is called by the code."""
        ...

    def scratch(self, folder: Path) -> Path:
        """Where the code writes instead of a folder outside; may not be there yet."""
        ...

    def prepared(self, wish: Wish) -> AbstractContextManager[Prepared]:
        """The command line, to be run while the context lasts."""
        ...
