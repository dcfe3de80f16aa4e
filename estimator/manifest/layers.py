"""Finds templates in folders, and puts the layers of one together.

A folder holds ``base/``, ``domain/`` and ``project/``. A template is named by its file; in a later
folder the same name replaces the earlier one, or builds on it by ``extends`` of its own name.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from estimator.errors import BadInput
from estimator.manifest.locks import LOCKED, Lock, merge_locked, read_locks
from estimator.manifest.merge import settle
from estimator.manifest.settings import SUITS, TRAINING, Suits, Training, read_settings
from estimator.manifest.source import read_tree
from estimator.manifest.tree import (
    Branch,
    Node,
    Scalar,
    find,
    format_path,
    kind_of,
)
from estimator.paths import shipped_folder

LAYERS = ("base", "domain", "project")
TRAINING_CONTAINER = ("pod", "containers", "paddle")
"""The container that trains; Kubeflow's PaddleJob wants this name, so every kind uses it."""

_SECTIONS = ("metadata", "job", "pod", "training")
_ABOUT = ("description", "extends", LOCKED, "suits")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SUFFIXES = (".yaml", ".yml")
_MADE_BY_THE_TOOL = {
    ("job", "template"): "the pod is described under 'pod'",
    ("job", "selector"): "the cluster makes it",
    (*TRAINING_CONTAINER, "image"): "list images under 'training.images'",
    (*TRAINING_CONTAINER, "command"): "write it under 'training.command'",
    (*TRAINING_CONTAINER, "args"): "write it under 'training.command'",
}


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One file: a layer, not yet merged with those it builds on. ``file`` is for people."""

    name: str
    layer: str
    file: str
    description: str
    extends: str | None
    extends_where: str
    suits: Suits
    locks: tuple[Lock, ...]
    body: Branch


@dataclass(frozen=True, slots=True)
class Template:
    """A template with all its layers merged; ``layers`` from the lowest up."""

    layers: tuple[TemplateFile, ...]
    tree: Branch
    locks: tuple[Lock, ...]

    @property
    def name(self) -> str:
        return self.layers[-1].name

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(layer.file for layer in self.layers)


@dataclass(frozen=True, slots=True)
class TemplateLibrary:
    """Every template file by name, those of earlier folders first."""

    files: Mapping[str, tuple[TemplateFile, ...]]

    @property
    def newest(self) -> tuple[TemplateFile, ...]:
        """The file that each name stands for, base layer first, then by name."""
        found = (versions[-1] for versions in self.files.values())
        return tuple(sorted(found, key=lambda one: (LAYERS.index(one.layer), one.name)))


def load_templates(folders: Sequence[FilePath]) -> TemplateLibrary:
    """Every template of the folders, checked. Later folders replace or extend earlier ones.

    Raises BadInput with ``file:line`` for a folder without templates and for a file that is not
    a template, names one that is not there, or extends itself in a circle.
    """
    files: dict[str, tuple[TemplateFile, ...]] = {}
    for folder in folders:
        for one in _read_folder(folder):
            files[one.name] = (*files.get(one.name, ()), one)
    library = TemplateLibrary(files)
    for versions in files.values():
        for version in versions:
            _compose(library, version)
    return library


def resolve_template(library: TemplateLibrary, name: str) -> Template:
    """The template of a name, or of a YAML file given by its path. Raises BadInput."""
    if name.endswith(_SUFFIXES) or "/" in name:
        path = FilePath(name)
        return _compose(library, _read_file(path, "project", str(path)))
    if name not in library.files:
        raise BadInput(
            f"no template is called '{name}'{_nearest(name, library.files)}",
            where="--template",
            hint="paddle-estimate templates",
        )
    return _compose(library, library.files[name][-1])


def _compose(library: TemplateLibrary, top: TemplateFile) -> Template:
    chain = _chain(library, top)
    tree, locks = settle(chain[0].body), chain[0].locks
    for layer in chain[1:]:
        tree = merge_locked(tree, layer.body, locks)
        locks = (*locks, *layer.locks)
    template = Template(chain, tree, locks)
    _check(template)
    return template


def _chain(library: TemplateLibrary, top: TemplateFile) -> tuple[TemplateFile, ...]:
    """The file and all it builds on, lowest first."""
    chain = [top]
    while chain[-1].extends is not None:
        lower = _parent(library, chain[-1])
        if lower in chain:
            circle = " -> ".join(one.name for one in (*chain, lower))
            raise BadInput(f"extends goes in a circle: {circle}", where=chain[-1].extends_where)
        chain.append(lower)
    return tuple(reversed(chain))


def _parent(library: TemplateLibrary, child: TemplateFile) -> TemplateFile:
    name = child.extends or ""
    versions = library.files.get(name, ())
    if name == child.name and child in versions:
        versions = versions[: versions.index(child)]
    if not versions:
        raise BadInput(
            f"extends '{name}', which is not there{_nearest(name, library.files)}",
            where=child.extends_where,
            hint="paddle-estimate templates",
        )
    return versions[-1]


def _check(template: Template) -> None:
    read_settings(template.tree, TRAINING, Training)
    for path, instead in _MADE_BY_THE_TOOL.items():
        node = find(template.tree, path)
        if node is not None:
            raise BadInput(
                f"{format_path(path)} is filled in by the tool; {instead}",
                where=node.provenance.where,
            )


def _read_folder(folder: FilePath) -> Iterator[TemplateFile]:
    found = sorted(_yaml_files(folder))
    if not found:
        raise BadInput(
            "holds no templates", where=str(folder), hint=f"{folder}/project/my-template.yaml"
        )
    names: dict[str, TemplateFile] = {}
    for path in found:
        one = _read_file(path, path.parent.name, _shown(folder, path))
        if one.name in names:
            raise BadInput(
                f"'{one.name}' is also the name of {names[one.name].file}", where=one.file
            )
        names[one.name] = one
        yield one


def _yaml_files(folder: FilePath) -> Iterator[FilePath]:
    for path in folder.rglob("*"):
        if path.suffix not in _SUFFIXES:
            continue
        if path.parent.parent != folder or path.parent.name not in LAYERS:
            places = ", ".join(f"{layer}/" for layer in LAYERS)
            raise BadInput(f"templates are read from {places} only", where=str(path))
        if not path.resolve().is_relative_to(folder.resolve()):
            raise BadInput(f"is a link that leads out of {folder}", where=str(path))
        yield path


def _shown(folder: FilePath, path: FilePath) -> str:
    """How people find the file; what ships with the tool is short and the same everywhere."""
    if folder == shipped_folder("templates"):
        return str(FilePath(folder.name) / path.relative_to(folder))
    return str(path)


def _read_file(path: FilePath, layer: str, shown: str) -> TemplateFile:
    if not _NAME.fullmatch(path.stem):
        raise BadInput(
            "the name of a template is of lower-case letters, digits and '-'", where=shown
        )
    tree = read_tree(path, shown)
    _check_keys(tree, shown)
    extends = tree.entries.get("extends")
    return TemplateFile(
        name=path.stem,
        layer=layer,
        file=shown,
        description=_text(tree.entries.get("description"), "description") or "",
        extends=_template_name(extends),
        extends_where=extends.provenance.where if extends else shown,
        suits=read_settings(tree, SUITS, Suits),
        locks=tuple(_locks(tree)),
        body=Branch({k: v for k, v in tree.entries.items() if k in _SECTIONS}, tree.provenance),
    )


def _check_keys(tree: Branch, shown: str) -> None:
    for key, node in tree.entries.items():
        if key not in _SECTIONS + _ABOUT:
            raise BadInput(
                f"'{key}' is not a part of a template{_nearest(key, _SECTIONS + _ABOUT)}",
                where=node.provenance.where,
                hint=f"one of {', '.join(_ABOUT + _SECTIONS)}",
            )
        if key in _SECTIONS and not isinstance(node, Branch):
            raise BadInput(
                f"'{key}' must be a map, not {kind_of(node)}", where=node.provenance.where
            )


def _template_name(node: Node | None) -> str | None:
    name = _text(node, "extends")
    if node is not None and not _NAME.fullmatch(name or ""):
        raise BadInput(
            f"extends takes the name of a template, not '{name}'",
            where=node.provenance.where,
            hint="extends: base",
        )
    return name


def _text(node: Node | None, key: str) -> str | None:
    if node is None:
        return None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.value
    raise BadInput(f"'{key}' must be text", where=node.provenance.where)


def _locks(tree: Branch) -> Iterator[Lock]:
    for lock in read_locks(tree):
        if lock.path[0] not in _SECTIONS:
            what = f"'{lock.path[0]}' is not a section of a template"
            raise BadInput(f"{what}{_nearest(lock.path[0], _SECTIONS)}", where=lock.where)
        yield lock


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""
