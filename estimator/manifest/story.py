"""One path of a template: what each layer says of it in turn, which won, and who locked it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from estimator.errors import BadInput
from estimator.manifest.layers import Template
from estimator.manifest.merge_keys import merge_keys
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.tree import (
    Branch,
    Edit,
    Listing,
    Node,
    Path,
    Scalar,
    Setting,
    children,
    find,
    format_path,
    parse_path,
    plain,
)
from estimator.manifest.types import LayerSay, PathStory
from estimator.messages import message, sentence


def stories(
    template: Template, text: str, computed: Sequence[Setting] = ()
) -> tuple[PathStory, ...]:
    """The story of a path, or of every value below it, in the order of the merged template.

    computed: what the estimate sets. Raises BadInput for a path that nobody says anything of.
    """
    path = parse_path(text, where="PATH")
    found = [one for one in _paths(template, computed) if one[: len(path)] == path]
    if not found:
        known = [format_path(one) for one in _paths(template, computed)]
        what = message("layers.nobody_says", path=text, template=template.name)
        raise BadInput(what, where="PATH", hint=did_you_mean(text, known) or ", ".join(known[:4]))
    return tuple(_story(template, one, computed) for one in found)


def value_paths(tree: Node, path: Path = ()) -> Iterator[Path]:
    """The values of a tree; a list without merge keys is one value, as it is to merging."""
    parts = children(tree, path)
    if parts and (isinstance(tree, Branch) or merge_keys(path)):
        for step, child in parts.items():
            yield from value_paths(child, (*path, step))
    elif path:
        yield path


def _paths(template: Template, computed: Sequence[Setting]) -> Iterator[Path]:
    """Every value that a layer or the estimate sets, each once."""
    seen: dict[Path, None] = dict.fromkeys(value_paths(template.tree))
    for layer in template.layers:
        seen |= dict.fromkeys(value_paths(layer.body))
    seen |= dict.fromkeys(one.path for one in computed)
    return iter(seen)


def _story(template: Template, path: Path, computed: Sequence[Setting]) -> PathStory:
    final = find(template.tree, path)
    locks = tuple(lock.who for lock in template.locks if lock.covers(path))
    says = [one for layer in template.layers for one in _say(layer.name, layer.body, path, final)]
    if final is None and says:
        says = [replace(one, wins=one is says[-1]) for one in says]
    by_estimate = next((one for one in computed if one.path == path), None)
    if by_estimate is not None:
        reason = by_estimate.provenance.reason
        where = by_estimate.provenance.where
        action = sentence("kept out by the lock") if locks else sentence("fills it in")
        says = [replace(one, wins=one.wins and bool(locks)) for one in says]
        says.append(LayerSay("", where, action, None, not locks, reason))
    return PathStory(
        path=format_path(path),
        value=None if final is None else plain(final),
        is_set=final is not None,
        says=tuple(says),
        locked_by=locks,
    )


def _say(layer: str, body: Branch, path: Path, final: Node | None) -> Iterator[LayerSay]:
    """What one layer says of a path: nothing, a value, or that it is taken away."""
    node: Node = body
    replaced: Node | None = None
    for depth, step in enumerate(path):
        child = children(node, path[:depth]).get(step)
        if child is None:
            if replaced is not None:
                action = sentence("takes it away, by !replace of what is above it")
                yield LayerSay(layer, replaced.provenance.where, action, None, False, "")
            return
        node = child
        if node.edit is Edit.DELETE:
            where, reason = node.provenance.where, node.provenance.reason
            yield LayerSay(layer, where, sentence("takes it away"), None, False, reason)
            return
        replaced = node if node.edit is Edit.REPLACE else replaced
    wins = final is not None and final.provenance.where == node.provenance.where
    action = sentence("adds to it") if node.edit is Edit.APPEND else sentence("sets it")
    value = plain(node)
    if isinstance(node, (Scalar, Listing)) or not node.entries:
        yield LayerSay(layer, node.provenance.where, action, value, wins, node.provenance.reason)
