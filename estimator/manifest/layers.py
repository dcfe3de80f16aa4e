"""Finds templates in folders, and puts the layers of one together.

A folder holds ``base/``, ``domain/`` and ``project/``. A template is named by its file; in a later
folder the same name replaces the earlier one, or builds on it by ``extends`` of its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from estimator.errors import BadInput
from estimator.manifest.locks import Lock, merge_locked
from estimator.manifest.merge import settle
from estimator.manifest.policy import Rule, read_policy
from estimator.manifest.settings import TRAINING, Training, read_settings
from estimator.manifest.source import read_tree
from estimator.manifest.template_file import TemplateFile, read_template, with_nearest
from estimator.manifest.tree import Branch, find, format_path
from estimator.messages import sentence
from estimator.paths import shipped_folder

SITE_POLICY = "policy.yaml"
LAYERS = ("base", "domain", "project")
TRAINING_CONTAINER = ("pod", "containers", "paddle")
"""The container that trains; Kubeflow's PaddleJob wants this name, so every kind uses it."""

_SUFFIXES = (".yaml", ".yml")
_MADE_BY_THE_TOOL = {
    ("job", "template"): sentence("the pod is described under 'pod'"),
    ("job", "selector"): sentence("the cluster makes it"),
    (*TRAINING_CONTAINER, "image"): sentence("list images under 'training.images'"),
    (*TRAINING_CONTAINER, "command"): sentence("write it under 'training.command'"),
    (*TRAINING_CONTAINER, "args"): sentence("write it under 'training.command'"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template with all its layers merged; ``layers`` from the lowest up."""

    layers: tuple[TemplateFile, ...]
    tree: Branch
    locks: tuple[Lock, ...]
    policy: tuple[Rule, ...]

    @property
    def name(self) -> str:
        return self.layers[-1].name

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(layer.file for layer in self.layers)


@dataclass(frozen=True, slots=True)
class TemplateLibrary:
    """Every template file by name, those of earlier folders first; and the site's policy."""

    files: Mapping[str, tuple[TemplateFile, ...]]
    policy: tuple[Rule, ...] = ()

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
    library = TemplateLibrary(files, tuple(_site_policy(folders)))
    for versions in files.values():
        for version in versions:
            _compose(library, version)
    return library


def resolve_template(library: TemplateLibrary, name: str) -> Template:
    """The template of a name, or of a YAML file given by its path. Raises BadInput."""
    if name.endswith(_SUFFIXES) or "/" in name:
        path = FilePath(name)
        return _compose(library, read_template(path, "project", str(path)))
    if name not in library.files:
        what = sentence("no template is called '{name}'", name=name)
        raise BadInput(
            with_nearest(what, name, tuple(library.files)),
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
    policy = (*library.policy, *(rule for layer in chain for rule in layer.policy))
    template = Template(chain, tree, locks, policy)
    _check(template)
    return template


def _chain(library: TemplateLibrary, top: TemplateFile) -> tuple[TemplateFile, ...]:
    """The file and all it builds on, lowest first."""
    chain = [top]
    while chain[-1].extends is not None:
        lower = _parent(library, chain[-1])
        if lower in chain:
            circle = " -> ".join(one.name for one in (*chain, lower))
            what = sentence("extends goes in a circle: {circle}", circle=circle)
            raise BadInput(what, where=chain[-1].extends_where, hint="extends: training")
        chain.append(lower)
    return tuple(reversed(chain))


def _parent(library: TemplateLibrary, child: TemplateFile) -> TemplateFile:
    name = child.extends or ""
    versions = library.files.get(name, ())
    if name == child.name and child in versions:
        versions = versions[: versions.index(child)]
    if not versions:
        what = sentence("extends '{name}', which is not there", name=name)
        raise BadInput(
            with_nearest(what, name, tuple(library.files)),
            where=child.extends_where,
            hint="paddle-estimate templates",
        )
    return versions[-1]


def _check(template: Template) -> None:
    read_settings(template.tree, TRAINING, Training)
    for path, instead in _MADE_BY_THE_TOOL.items():
        node = find(template.tree, path)
        if node is not None:
            what = sentence(
                "{path} is filled in by the tool; {instead}",
                path=format_path(path),
                instead=instead,
            )
            hint = sentence("leave the line out")
            raise BadInput(what, where=node.provenance.where, hint=hint)


def _site_policy(folders: Iterable[FilePath]) -> Iterator[Rule]:
    """The rules of each folder's ``policy.yaml``, which hold for every template."""
    for folder in folders:
        path = folder / SITE_POLICY
        if path.exists():
            yield from read_policy(read_tree(path, _shown(folder, path)), ())


def _read_folder(folder: FilePath) -> Iterator[TemplateFile]:
    found = sorted(_yaml_files(folder))
    if not found and not (folder / SITE_POLICY).exists():
        raise BadInput(
            sentence("holds no templates"),
            where=str(folder),
            hint=f"{folder}/project/my-template.yaml",
        )
    names: dict[str, TemplateFile] = {}
    for path in found:
        one = read_template(path, path.parent.name, _shown(folder, path))
        if one.name in names:
            other = names[one.name].file
            what = sentence("'{name}' is also the name of {file}", name=one.name, file=other)
            raise BadInput(what, where=one.file, hint=sentence("another file name"))
        names[one.name] = one
        yield one


def _yaml_files(folder: FilePath) -> Iterator[FilePath]:
    for path in folder.rglob("*"):
        if path.suffix not in _SUFFIXES or path == folder / SITE_POLICY:
            continue
        if path.parent.parent != folder or path.parent.name not in LAYERS:
            places = tuple(f"{layer}/" for layer in LAYERS)
            what = sentence("templates are read from {places} only", places=places)
            hint = f"mv {path} {folder / LAYERS[-1]}/"
            raise BadInput(what, where=str(path), hint=hint)
        if not path.resolve().is_relative_to(folder.resolve()):
            what = sentence("is a link that leads out of {folder}", folder=folder)
            hint = f"cp --remove-destination {path.resolve()} {path}"
            raise BadInput(what, where=str(path), hint=hint)
        yield path


def _shown(folder: FilePath, path: FilePath) -> str:
    """How people find the file; what ships with the tool is short and the same everywhere."""
    if folder == shipped_folder("templates"):
        return str(FilePath(folder.name) / path.relative_to(folder))
    return str(path)
