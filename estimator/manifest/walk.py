"""Walking through plain documents, with the path of each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from estimator.manifest.merge_keys import key_of, merge_keys
from estimator.manifest.types import ManifestValue

Path = tuple[str, ...]
Document = Mapping[str, ManifestValue]
Map = dict[str, ManifestValue]

_PARTS = (dict, list)


@dataclass(frozen=True, slots=True)
class Walk:
    """A document and all that was met on one walk through it."""

    document: Document
    maps: tuple[tuple[Path, Document], ...]
    pods: tuple[tuple[Path, Document], ...]

    @classmethod
    def through(cls, document: Document) -> Walk:
        """Walk once, for many rules."""
        found = tuple(maps(document))
        return cls(document, found, tuple(one for one in found if _is_pod(one[1])))


def maps(document: Document) -> Iterator[tuple[Path, Document]]:
    """Every map of a document, itself first, in the order of the document."""
    waiting: list[tuple[Path, object]] = [((), document)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            yield path, value
        waiting.extend(reversed(_with_parts(path, value)))


def pods(document: Document) -> Iterator[tuple[Path, Document]]:
    """Every pod of a document: each map with a list of containers."""
    return (one for one in maps(document) if _is_pod(one[1]))


def _is_pod(content: Document) -> bool:
    return isinstance(content.get("containers"), list)


def items(path: Path, content: Document, key: str) -> Iterator[tuple[Path, Map]]:
    """The maps in the list under ``key``, each with its path; none where there is no list."""
    found, here = content.get(key), (*path, key)
    if isinstance(found, list):
        keys = merge_keys(here)
        for position, item in enumerate(found):
            if isinstance(item, dict):
                yield (*here, _step(keys, position, item)), item


def containers(path: Path, pod: Document) -> Iterator[tuple[Path, Map]]:
    """The containers of a pod, those that run first included."""
    yield from items(path, pod, "initContainers")
    yield from items(path, pod, "containers")


def map_at(content: Document, *keys: str) -> Map:
    """The map that the keys lead to, or an empty one."""
    found: object = content
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _with_parts(path: Path, value: object) -> list[tuple[Path, object]]:
    """The children that have parts of their own, each with its path."""
    if isinstance(value, Mapping):
        return [((*path, key), child) for key, child in value.items() if type(child) in _PARTS]
    if not isinstance(value, list):
        return []
    keys = merge_keys(path)
    return [
        ((*path, _step(keys, position, item)), item)
        for position, item in enumerate(value)
        if type(item) in _PARTS
    ]


def step_of(path: Path, step: str | int, item: object) -> str:
    """The step from ``path`` to a part: the name of an item of a keyed list, else as it is."""
    return _step(merge_keys(path), step, item) if isinstance(step, int) else step


def _step(keys: Sequence[str], position: int, item: object) -> str:
    if keys and isinstance(item, Mapping):
        return ":".join(key_of(keys, item))
    return str(position)
