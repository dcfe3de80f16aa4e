"""Reads one template file: a layer, not yet merged with those it builds on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from estimator.errors import BadInput
from estimator.manifest.fields import check_fields, is_field
from estimator.manifest.locks import LOCKED, Lock, read_locks
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.policy import POLICY, Rule, read_policy
from estimator.manifest.settings import SUITS, TRAINING, Suits, read_settings
from estimator.manifest.source import digest_of, read_tree
from estimator.manifest.tree import Branch, Node, Scalar, format_path, kind_of
from estimator.messages import message, sentence

SECTIONS = ("metadata", "job", "pod", "training")
ABOUT = ("description", "extends", LOCKED, POLICY, "suits")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One file. ``file`` is its path for people, ``digest`` the SHA-256 of its bytes."""

    name: str
    layer: str
    file: str
    digest: str
    description: str
    extends: str | None
    extends_where: str
    suits: Suits
    locks: tuple[Lock, ...]
    policy: tuple[Rule, ...]
    body: Branch


def read_template(path: FilePath, layer: str, shown: str) -> TemplateFile:
    """The template in a file; ``shown`` stands for the file in messages. Raises BadInput."""
    if not NAME.fullmatch(path.stem):
        what = sentence("the name of a template is of lower-case letters, digits and '-'")
        raise BadInput(what, where=shown, hint="my-template.yaml")
    tree = read_tree(path, shown)
    _check_keys(tree)
    extends = tree.entries.get("extends")
    body = Branch({k: v for k, v in tree.entries.items() if k in SECTIONS}, tree.provenance)
    check_fields(body)
    return TemplateFile(
        name=path.stem,
        layer=layer,
        file=shown,
        digest=digest_of(path),
        description=_text(tree.entries.get("description"), "description") or "",
        extends=_template_name(extends),
        extends_where=extends.provenance.where if extends else shown,
        suits=read_settings(tree, SUITS, Suits),
        locks=tuple(_locks(tree)),
        policy=tuple(read_policy(tree)),
        body=body,
    )


def with_nearest(what: str, name: str, known: tuple[str, ...]) -> str:
    """``what; did you mean 'x'?``, or ``what`` alone where no known name is near."""
    near = did_you_mean(name, known)
    return sentence("{what}; did you mean '{near}'?", what=what, near=near) if near else what


def _check_keys(tree: Branch) -> None:
    for key, node in tree.entries.items():
        if key not in SECTIONS + ABOUT:
            what = sentence("'{key}' is not a part of a template", key=key)
            raise BadInput(
                with_nearest(what, key, SECTIONS + ABOUT),
                where=node.provenance.where,
                hint=sentence("one of {known}", known=ABOUT + SECTIONS),
            )
        if key in SECTIONS and not isinstance(node, Branch):
            what = sentence("'{key}' must be a map, not {kind}", key=key, kind=kind_of(node))
            raise BadInput(what, where=node.provenance.where, hint=f"{key}: {{}}")


def _template_name(node: Node | None) -> str | None:
    name = _text(node, "extends")
    if node is not None and not NAME.fullmatch(name or ""):
        raise BadInput(
            sentence("extends takes the name of a template, not '{name}'", name=name),
            where=node.provenance.where,
            hint="extends: training",
        )
    return name


def _text(node: Node | None, key: str) -> str | None:
    if node is None:
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    what = sentence("'{key}' must be text", key=key)
    raise BadInput(what, where=node.provenance.where, hint=f'{key}: "..."')


def _locks(tree: Branch) -> Iterator[Lock]:
    for lock in read_locks(tree):
        if lock.path[0] not in SECTIONS:
            what = sentence("'{name}' is not a section of a template", name=lock.path[0])
            raise BadInput(
                with_nearest(what, lock.path[0], SECTIONS),
                where=lock.where,
                hint=sentence("one of {known}", known=SECTIONS),
            )
        if lock.path[0] != TRAINING[0] and not is_field(lock.path):
            what = message("layers.no_path", path=format_path(lock.path))
            raise BadInput(what, where=lock.where, hint="paddle-estimate templates show training")
        yield lock
