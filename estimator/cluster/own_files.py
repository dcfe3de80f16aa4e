"""The files that a model takes along: itself, and what it imports from beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence

_MOST_FILES = 2000


def files_of(model: Path) -> dict[str, bytes]:
    """Contents by name relative to the model's folder.

    Of a Python file the modules and whole packages beside it that it imports, and that those
    import; of a saved program all files of its name. Raises BadInput for what cannot be read.
    """
    folder = model.parent
    found = _imported(model) if model.suffix == ".py" else set(folder.glob(f"{model.stem}.*"))
    try:
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(found)}
    except OSError as error:
        what = sentence("cannot be read: {why}", why=error.strerror or str(error))
        where = str(error.filename or model)
        raise BadInput(what, where=where, hint=f"ls -l {where}") from error


def _imported(model: Path) -> set[Path]:
    found, waiting = {model}, [model]
    while waiting and len(found) < _MOST_FILES:
        for name in _names(waiting.pop()):
            new = set(_beside(model.parent, name)) - found
            found |= new
            waiting += new
    return found


def _names(path: Path) -> Iterator[str]:
    """The first words of what a file imports; none of one that is no Python: the step says so."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name.partition(".")[0] for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _beside(folder: Path, name: str) -> Iterator[Path]:
    module = folder / f"{name}.py"
    if module.is_file():
        yield module
    elif (folder / name).is_dir():
        yield from (folder / name).rglob("*.py")
