"""Puts one layer over another.

Maps merge key by key. A list with merge keys (containers, env, volumes ...) merges item by item;
a list of single values is one value and is replaced, as Kubernetes does. Any other list needs
``!replace`` or ``!append``, so that no item is lost or doubled in silence. Nothing changes kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from estimator.errors import BadInput
from estimator.manifest.merge_keys import key_of, merge_keys
from estimator.manifest.tree import (
    Branch,
    Edit,
    Listing,
    Node,
    Path,
    Provenance,
    Scalar,
    Setting,
    format_path,
    from_plain,
    kind_of,
    plain_map,
    with_entries,
)
from estimator.messages import sentence

ItemKey = tuple[str, ...]


def merge(lower: Branch, upper: Branch) -> Branch:
    """``upper`` over ``lower``. Raises BadInput naming both files and lines."""
    return _merge_branches(lower, upper, ())


def settle(node: Branch) -> Branch:
    """A layer with nothing below it: its edits carried out. Raises BadInput."""
    return _merge_branches(Branch({}, node.provenance), node, ())


def overlay(settings: Iterable[Setting]) -> Branch:
    """A layer that sets each path to its value; lists are entered by their merge keys."""
    layer = Branch({}, Provenance(""))
    for setting in settings:
        layer = merge(layer, _layer(setting))
    return layer


def _layer(setting: Setting) -> Branch:
    node = from_plain(setting.value, setting.provenance)
    for depth in reversed(range(1, len(setting.path))):
        node = _parent(setting.path[:depth], setting.path[depth], node)
    return Branch({setting.path[0]: node}, setting.provenance)


def _parent(path: Path, segment: str, child: Node) -> Node:
    """The map or list at ``path`` in which ``segment`` is the child."""
    keys = merge_keys(path)
    if not keys:
        return Branch({segment: child}, child.provenance)
    if not isinstance(child, Branch):
        what = sentence("{path} is a map, not one value", path=format_path((*path, segment)))
        raise BadInput(what, where=child.provenance.where, hint=f"{segment}: {{...}}")
    values = segment.split(":") if len(keys) > 1 else [segment]
    names = {
        key: Scalar(value, child.provenance)
        for key, value in zip(keys, values, strict=False)
        if value
    }
    return Listing(
        (with_entries(Branch(names, child.provenance), child.entries),), child.provenance
    )


def _merge(lower: Node, upper: Node, path: Path) -> Node:
    if upper.edit is Edit.REPLACE:
        return _settled(_merged(upper), path)
    if kind_of(lower) != kind_of(upper):
        raise BadInput(
            sentence(
                "{path} is {kind} here but {other} in {where}",
                path=format_path(path),
                kind=kind_of(upper),
                other=kind_of(lower),
                where=lower.provenance.where,
            ),
            where=upper.provenance.where,
            hint=sentence("write it in the same form"),
        )
    if isinstance(lower, Branch) and isinstance(upper, Branch):
        return _merge_branches(lower, upper, path)
    if isinstance(lower, Listing) and isinstance(upper, Listing):
        return _merge_listings(lower, upper, path)
    return upper


def _merged(node: Node) -> Node:
    """The node, with its edit carried out."""
    return node if node.edit is Edit.MERGE else replace(node, edit=Edit.MERGE)


def _settled(node: Node, path: Path) -> Node:
    if isinstance(node, Branch):
        return _merge_branches(Branch({}, node.provenance), node, path)
    if isinstance(node, Listing):
        return _merge_listings(Listing((), node.provenance), node, path)
    return node


def _merge_branches(lower: Branch, upper: Branch, path: Path) -> Branch:
    entries = dict(lower.entries)
    for key, child in upper.entries.items():
        child_path = (*path, key)
        if child.edit is Edit.DELETE:
            _require_present(key in entries, child, child_path)
            del entries[key]
        elif key in entries:
            entries[key] = _merge(entries[key], child, child_path)
        else:
            entries[key] = _settled(_merged(child), child_path)
    return Branch(entries, lower.provenance if lower.entries else upper.provenance)


def _merge_listings(lower: Listing, upper: Listing, path: Path) -> Listing:
    keys = merge_keys(path)
    if keys:
        return replace(upper, items=_merge_keyed(lower, upper, keys, path), edit=Edit.MERGE)
    for item in upper.items:
        if item.edit is not Edit.MERGE:
            raise BadInput(
                sentence(
                    "{edit} cannot pick an item of {path}, which has no merge key",
                    edit=str(item.edit),
                    path=format_path(path),
                ),
                where=item.provenance.where,
                hint=sentence("!replace the whole list"),
            )
    items = tuple(_settled(item, (*path, str(i))) for i, item in enumerate(upper.items))
    if upper.edit is Edit.APPEND:
        items = (*lower.items, *items)
    elif _holds_maps(lower) and _holds_maps(upper):
        raise BadInput(
            sentence(
                "{path} is a list in {where} too, and its items have no merge key",
                path=format_path(path),
                where=lower.provenance.where,
            ),
            where=upper.provenance.where,
            hint=sentence("!append or !replace before the list"),
        )
    return replace(upper, items=items, edit=Edit.MERGE)


def _holds_maps(node: Listing) -> bool:
    return any(isinstance(item, Branch) for item in node.items)


def _merge_keyed(
    lower: Listing, upper: Listing, keys: Sequence[str], path: Path
) -> tuple[Node, ...]:
    merged = dict(_by_key(lower, keys, path))
    for key, item in _by_key(upper, keys, path).items():
        item_path = (*path, ":".join(key))
        if item.edit is Edit.DELETE:
            _require_present(key in merged, item, item_path)
            del merged[key]
        elif key not in merged:
            merged[key] = _merge_branches(Branch({}, item.provenance), item, item_path)
        elif upper.edit is Edit.APPEND:
            first = merged[key].provenance.where
            raise _twice(item, item_path, first)
        else:
            merged[key] = _merge_items(merged[key], item, keys, item_path)
    return tuple(merged.values())


def _merge_items(lower: Branch, upper: Branch, keys: Sequence[str], path: Path) -> Branch:
    """Items of one key; the key fields stay as the lower layer has them."""
    if upper.edit is Edit.REPLACE:
        return _merge_branches(Branch({}, upper.provenance), upper, path)
    merged = _merge_branches(lower, upper, path)
    return with_entries(merged, {key: lower.entries[key] for key in keys if key in lower.entries})


def _by_key(node: Listing, keys: Sequence[str], path: Path) -> Mapping[ItemKey, Branch]:
    found: dict[ItemKey, Branch] = {}
    for item in node.items:
        if not isinstance(item, Branch) or not any(key in item.entries for key in keys):
            raise _no_key(item, keys, path)
        key = key_of(keys, plain_map(item))
        if key in found:
            raise _twice(item, (*path, ":".join(key)), found[key].provenance.where)
        found[key] = item
    return found


def _no_key(item: Node, keys: Sequence[str], path: Path) -> BadInput:
    where, shown = item.provenance.where, format_path(path)
    if len(keys) == 1:
        what = sentence("an item of {path} must be a map with {key}", path=shown, key=keys[0])
    else:
        first, second = keys
        what = sentence(
            "an item of {path} must be a map with {first} and {second}",
            path=shown,
            first=first,
            second=second,
        )
    hint = f"- {{{', '.join(f'{key}: ...' for key in keys)}}}"
    return BadInput(what, where=where, hint=hint)


def _twice(item: Node, path: Path, first: str) -> BadInput:
    what = sentence("{path} is there twice, first in {first}", path=format_path(path), first=first)
    hint = sentence("leave one of them out")
    return BadInput(what, where=item.provenance.where, hint=hint)


def _require_present(present: bool, node: Node, path: Path) -> None:
    if not present:
        what = sentence("{path} cannot be deleted: no layer below sets it", path=format_path(path))
        hint = sentence("leave the line out")
        raise BadInput(what, where=node.provenance.where, hint=hint)
