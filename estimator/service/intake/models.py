"""Models that the owner registered: Python files in folders, by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.paths import shipped_folder


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """A model file by its name; ``title`` is the first line of its docstring."""

    name: str
    title: str
    path: Path


def registered_models(folders: Sequence[Path]) -> dict[str, RegisteredModel]:
    """The models of the folders, or the samples that ship; a later folder wins."""
    found = {one.name: one for folder in folders or _shipped() for one in _models(folder)}
    return dict(sorted(found.items()))


def find_model(name: str, folders: Sequence[Path]) -> RegisteredModel:
    """The model of this name. Raises BadInput."""
    models = registered_models(folders)
    if name not in models:
        raise BadInput(
            sentence("no model is registered as {name}", name=repr(name)[:80]),
            where="model",
            hint=", ".join(models) or sentence("upload a file"),
        )
    return models[name]


def _shipped() -> Iterator[Path]:
    yield from (shipped_folder("models"), shipped_folder("notebooks") / "models")


def _models(folder: Path) -> Iterator[RegisteredModel]:
    for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
        try:
            said = ast.get_docstring(ast.parse(path.read_bytes())) or path.stem
        except (OSError, SyntaxError, ValueError):
            continue
        yield RegisteredModel(path.stem, said.splitlines()[0], path)
