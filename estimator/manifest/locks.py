"""Paths that a layer locks for every layer above it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from estimator.errors import BadInput
from estimator.manifest.merge import merge
from estimator.manifest.tree import Branch, Path, find, format_path, nearest, plain


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked path, and ``file:line`` of who locked it."""

    path: Path
    where: str

    def covers(self, path: Path) -> bool:
        """Whether a value at ``path`` would change what is locked."""
        shared = min(len(path), len(self.path))
        return path[:shared] == self.path[:shared]


def merge_locked(lower: Branch, upper: Branch, locks: Iterable[Lock]) -> Branch:
    """``upper`` over ``lower``, as long as every locked path keeps its value.

    Raises BadInput that names who locked it and who would change it.
    """
    merged = merge(lower, upper)
    for lock in locks:
        if _value(lower, lock.path) != _value(merged, lock.path):
            culprit = nearest(upper, lock.path).node
            raise BadInput(
                f"{format_path(lock.path)} is locked by {lock.where}",
                where=culprit.provenance.where,
                hint="leave it as it is, or ask who locked it",
            )
    return merged


def _value(tree: Branch, path: Path) -> str | None:
    """The value at a path as text, so that ``true`` differs from ``1``; None: there is none."""
    node = find(tree, path)
    return None if node is None else repr(plain(node))
