"""Packs the dry step and the user's files for another place."""

from __future__ import annotations

import ast
import io
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
_FIRST = ("estimator.drystep.carried.inside", "estimator.drystep.child.main")
_TIME = (1980, 1, 1, 0, 0, 0)
"""The same files make the same archive."""


@cache
def packed_tool() -> bytes:
    """The zip file that ``python`` runs: every module of ours that the step can come to import."""
    modules = {f"estimator/{path}": (_PACKAGE / path).read_bytes() for path in _modules()}
    main = Path(__file__).with_name("__main__.py").read_bytes()
    return packed({"__main__.py": main, **modules})


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip file of files by their relative names."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _TIME), content, zipfile.ZIP_DEFLATED, 9)
    return target.getvalue()


def _modules() -> list[str]:
    """Files below the package that the first modules import, wherever in their text."""
    found: set[Path] = set()
    waiting = [path for name in _FIRST for path in _files_of(name)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return sorted(str(path.relative_to(_PACKAGE)) for path in found)


def _imported(path: Path) -> Iterator[Path]:
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield from _files_of(one.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                yield from _files_of(f"{node.module}.{one.name}")


def _files_of(name: str) -> Iterator[Path]:
    """The file of a module or of what it holds, and those of the packages around it."""
    first, *rest = name.split(".")
    if first != _PACKAGE.name:
        return
    path = _PACKAGE
    yield path / "__init__.py"
    for part in rest:
        path = path / part
        if (path / "__init__.py").is_file():
            yield path / "__init__.py"
        elif path.with_suffix(".py").is_file():
            yield path.with_suffix(".py")
            return
        else:
            return
