"""YAML as a tree in which every value knows where it comes from and why it is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from estimator.errors import BadInput
from estimator.manifest.merge_keys import key_of, merge_keys
from estimator.manifest.scalars import Value
from estimator.manifest.types import ManifestValue
from estimator.messages import sentence

Path = tuple[str, ...]
"""Keys from the root; an item of a list goes by its merge key, or by its position."""

COMPUTED = "computed"
_STEP = re.compile(r"[^.\[\]\"]+|\[\"(?P<quoted>[^\"]+)\"\]|\[(?P<item>[^\[\]\"]+)\]")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")


class Edit(StrEnum):
    """What a layer does to the value below it; all but MERGE are written as YAML tags."""

    MERGE = "merge"
    REPLACE = "!replace"
    APPEND = "!append"
    DELETE = "!delete"


@dataclass(frozen=True, slots=True)
class Provenance:
    """``file:line`` or ``computed``, and why."""

    where: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts."""

    value: Value
    provenance: Provenance
    edit: Edit = Edit.MERGE


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[Node, ...]
    provenance: Provenance
    edit: Edit = Edit.MERGE


@dataclass(frozen=True, slots=True)
class Branch:
    """A map, in the order it was written."""

    entries: Mapping[str, Node]
    provenance: Provenance
    edit: Edit = Edit.MERGE


Node = Scalar | Listing | Branch


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that something other than a file puts at a path."""

    path: Path
    value: ManifestValue
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Found:
    """A node and the path it stands at."""

    path: Path
    node: Node


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value without parts (or an empty map or list), and where it stands."""

    path: Path
    value: ManifestValue
    provenance: Provenance


A_MAP, A_LIST, A_VALUE = sentence("a map"), sentence("a list"), sentence("a single value")


def kind_of(node: Node) -> str:
    """``a map``, ``a list`` or ``a single value``."""
    if isinstance(node, Branch):
        return A_MAP
    return A_LIST if isinstance(node, Listing) else A_VALUE


def plain(node: Node) -> ManifestValue:
    """The value of a tree, without origins."""
    if isinstance(node, Branch):
        return plain_map(node)
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return node.value


def plain_map(node: Branch) -> dict[str, ManifestValue]:
    """The value of a map, without origins."""
    return {key: plain(child) for key, child in node.entries.items()}


def from_plain(value: ManifestValue, provenance: Provenance) -> Node:
    """A tree all of whose values come from one place."""
    if isinstance(value, dict):
        entries = {key: from_plain(child, provenance) for key, child in value.items()}
        return Branch(entries, provenance)
    if isinstance(value, list):
        return Listing(tuple(from_plain(item, provenance) for item in value), provenance)
    return Scalar(value, provenance)


def with_entries(branch: Branch, entries: Mapping[str, Node]) -> Branch:
    """The map with further or other entries."""
    return replace(branch, entries={**branch.entries, **entries})


def find(tree: Node, path: Path) -> Node | None:
    """The node at a path, or None."""
    found = nearest(tree, path)
    return found.node if found.path == path else None


def nearest(tree: Node, path: Path) -> Found:
    """The node at a path, or else the last one on the way to it."""
    found = Found((), tree)
    for step in path:
        child = children(found.node, found.path).get(step)
        if child is None:
            break
        found = Found((*found.path, step), child)
    return found


def children(node: Node, path: Path) -> Mapping[str, Node]:
    """What a node at ``path`` is made of, by the step that leads to each part."""
    if isinstance(node, Branch):
        return node.entries
    if isinstance(node, Listing):
        return _items_by_step(node, path)
    return {}


def leaves(node: Node, path: Path = ()) -> Iterator[Leaf]:
    """Every value of a tree, in its order."""
    waiting = [(path, node)]
    while waiting:
        here, part = waiting.pop()
        parts = children(part, here)
        if parts:
            waiting.extend([((*here, step), one) for step, one in reversed(list(parts.items()))])
        else:
            yield Leaf(here, plain(part), part.provenance)


@lru_cache(maxsize=4096)  # the same few hundred paths, for every manifest
def format_path(path: Path) -> str:
    """``pod.containers[paddle].image``; a key with dots or slashes is written ``["a.b/c"]``."""
    text = ""
    for depth, step in enumerate(path):
        if depth and (merge_keys(path[:depth]) or step.isdecimal()):
            text += f"[{step}]"
        elif _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def parse_path(text: str, *, where: str) -> Path:
    """The path of a text as :func:`format_path` writes it. Raises BadInput."""
    steps: list[str] = []
    position = 0
    while match := _STEP.match(text, position):
        steps.append(match["quoted"] or match["item"] or match[0])
        position = match.end()
        if text[position : position + 1] == "." and position + 1 < len(text):
            position += 1
    if not steps or position != len(text):
        what = sentence("'{text}' is not a path", text=text)
        raise BadInput(what, where=where, hint="pod.containers[paddle].resources")
    return tuple(steps)


def _items_by_step(node: Listing, path: Path) -> Mapping[str, Node]:
    """The items by merge key; by position where they have none, or another has the same."""
    keys = merge_keys(path)
    found: dict[str, Node] = {}
    for position, item in enumerate(node.items):
        step = str(position)
        if keys and isinstance(item, Branch) and any(key in item.entries for key in keys):
            named = {key: plain(item.entries[key]) for key in keys if key in item.entries}
            step = ":".join(key_of(keys, named))
        found[str(position) if step in found else step] = item
    return found
