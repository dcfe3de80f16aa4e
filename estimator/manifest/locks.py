"""Paths that a layer locks for every layer above it, and for the estimate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from estimator.errors import BadInput
from estimator.manifest.merge import merge
from estimator.manifest.saying import said_by
from estimator.manifest.settings import LockEntry, read_settings
from estimator.manifest.tree import (
    Branch,
    Listing,
    Path,
    Scalar,
    find,
    format_path,
    nearest,
    parse_path,
    plain,
)
from estimator.messages import message

LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class Lock:
    """A locked path, ``file:line`` of the lock, who locked it and why; empty: not said."""

    path: Path
    where: str
    by: str = ""
    because: str = ""

    def covers(self, path: Path) -> bool:
        """Whether a value at ``path`` would change what is locked."""
        shared = min(len(path), len(self.path))
        return path[:shared] == self.path[:shared]

    @property
    def who(self) -> str:
        """``the platform team (templates/base/a.yaml:3): because ...``."""
        return said_by(self.where, self.by, self.because)


def read_locks(tree: Branch) -> Iterator[Lock]:
    """The locks of a layer: ``- path``, or ``- {path: ..., by: ..., because: ...}``.

    Raises BadInput with ``file:line``.
    """
    node = tree.entries.get(LOCKED)
    if node is None:
        return
    if not isinstance(node, Listing):
        raise BadInput(
            message("layers.locked_list"),
            where=node.provenance.where,
            hint="locked: [training.queue]",
        )
    for position, item in enumerate(node.items):
        where = item.provenance.where
        if isinstance(item, Scalar):
            entry = LockEntry(path=str(item.value))
        else:
            entry = read_settings(tree, (LOCKED, str(position)), LockEntry)
        yield Lock(parse_path(entry.path, where=where), where, entry.by, entry.because)


def merge_locked(lower: Branch, upper: Branch, locks: Iterable[Lock]) -> Branch:
    """``upper`` over ``lower``, as long as every locked path keeps its value.

    Raises BadInput that names who locked it and who would change it.
    """
    merged = merge(lower, upper)
    for lock in locks:
        if _value(lower, lock.path) != _value(merged, lock.path):
            culprit = nearest(upper, lock.path).node
            raise BadInput(
                message("layers.locked", path=format_path(lock.path), who=lock.who),
                where=culprit.provenance.where,
                hint=message("layers.locked_hint"),
            )
    return merged


def _value(tree: Branch, path: Path) -> str | None:
    """The value at a path as text, so that ``true`` differs from ``1``; None: there is none."""
    node = find(tree, path)
    return None if node is None else repr(plain(node))
