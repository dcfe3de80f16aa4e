"""Which Paddle is installed, found without importing it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from estimator.messages import sentence
from estimator.values import Missing

_DISTRIBUTIONS = ("paddlepaddle-gpu", "paddlepaddle")


@dataclass(frozen=True, slots=True)
class PaddleInstallation:
    """Where Paddle stands, its version, and whether it is a build for CUDA."""

    folder: Path
    version: str
    for_cuda: bool

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version; ``(0, 0)`` for a development build."""
        major, minor = [*self.version.split("."), "0"][:2]
        return int(major), int(minor)


def find_paddle() -> PaddleInstallation | Missing:
    """The installation that ``import paddle`` would take in this environment."""
    spec = importlib.util.find_spec("paddle")
    if spec is None or spec.origin is None:
        return Missing(sentence("PaddlePaddle is not installed here"))
    for name in _DISTRIBUTIONS:
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return PaddleInstallation(Path(spec.origin).parent, version, name.endswith("-gpu"))
    return Missing(
        sentence("a module named paddle is there, but no installed paddlepaddle package")
    )
