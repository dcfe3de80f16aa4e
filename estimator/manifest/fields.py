"""Holds the sections of a layer against Kubernetes' own fields, before anything is merged.

The shipped table has every field of PodSpec, JobSpec and ObjectMeta and its kind, as the
Kubernetes OpenAPI document of its version says. What a layer leaves out is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from estimator.errors import BadInput
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.tree import (
    A_LIST,
    A_MAP,
    A_VALUE,
    Branch,
    Edit,
    Listing,
    Node,
    Path,
    Scalar,
    children,
    format_path,
    kind_of,
)
from estimator.messages import message

_TABLE = FilePath(__file__).with_name("fields.json")
_OF_SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "quantity": (str, int, float),
    "int-or-string": (str, int),
}


def check_fields(body: Branch) -> None:
    """Raise BadInput with ``file:line`` for a field that Kubernetes does not know, with the
    nearest one, and for a value of another kind than the field takes.
    """
    for section, kind in _table()["sections"].items():
        node = body.entries.get(section)
        if node is not None:
            _check(node, kind, (section,))


def is_field(path: Path) -> bool:
    """Whether a path can hold a value: each step is a field, a key of a map or an item."""
    kind = _table()["sections"].get(path[0])
    for step in path[1:]:
        if kind is None:
            return False
        fields = _table()["types"].get(kind, {})
        kind = kind[1:-1] if kind[0] in "[{" else fields.get(step)
    return kind is not None


def top_fields(section: str) -> tuple[str, ...]:
    """The fields of a section itself."""
    table = _table()
    return tuple(table["types"][table["sections"][section]])


def _check(node: Node, kind: str, path: Path) -> None:
    if node.edit is Edit.DELETE and isinstance(node, Scalar):
        return
    if kind.startswith("["):
        _require(isinstance(node, Listing), node, path, A_LIST)
        for step, child in children(node, path).items():
            _check(child, kind[1:-1], (*path, step))
    elif kind.startswith("{"):
        _require(isinstance(node, Branch), node, path, A_MAP)
        for step, child in children(node, path).items():
            _check(child, kind[1:-1], (*path, step))
    elif kind in _OF_SCALARS:
        _check_scalar(node, kind, path)
    elif kind != "any":
        _check_object(node, kind, path)


def _check_object(node: Node, kind: str, path: Path) -> None:
    _require(isinstance(node, Branch), node, path, A_MAP)
    fields = _table()["types"][kind]
    for key, child in children(node, path).items():
        if key not in fields:
            raise BadInput(
                message("layers.unknown_field", path=format_path((*path, key)), kind=kind),
                where=child.provenance.where,
                hint=_instead(key, fields),
            )
        _check(child, fields[key], (*path, key))


def _instead(key: str, fields: Mapping[str, str]) -> str:
    """The section that has a field of this name, else the nearest field, else some of them."""
    homes = [section for section in _table()["sections"] if key in top_fields(section)]
    if homes:
        return f"{homes[0]}.{key}"
    return did_you_mean(key, fields) or ", ".join([*sorted(fields)[:8], "..."])


def _check_scalar(node: Node, kind: str, path: Path) -> None:
    _require(isinstance(node, Scalar), node, path, A_VALUE)
    value: Any = node.value if isinstance(node, Scalar) else None
    fits = type(value) in _OF_SCALARS[kind]  # True is an int to isinstance
    if not fits:
        raise BadInput(
            message("layers.wrong_type", path=format_path(path), value=value, kind=kind),
            where=node.provenance.where,
            hint=f'"{value}"' if kind == "string" else "",
        )


def _require(is_so: bool, node: Node, path: Path, wanted: str) -> None:
    if not is_so:
        raise BadInput(
            message(
                "layers.wrong_kind", path=format_path(path), found=kind_of(node), wanted=wanted
            ),
            where=node.provenance.where,
            hint="paddle-estimate templates show training",
        )


@cache
def _table() -> dict[str, Any]:
    return dict(json.loads(_TABLE.read_text(encoding="utf-8")))
