"""For those who write templates: a starter, a check of every template, and what two differ in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from estimator.errors import BadInput
from estimator.manifest.catalogue import SAMPLE, site_folder, template_library
from estimator.manifest.fill import fill
from estimator.manifest.kinds import ManifestKind
from estimator.manifest.layers import LAYERS, Template, resolve_template
from estimator.manifest.overrides import NAMESPACE, QUEUE, override
from estimator.manifest.story import value_paths
from estimator.manifest.template_file import NAME
from estimator.manifest.tree import Node, find, format_path, parse_path, plain
from estimator.manifest.types import Difference, ManifestValue, Override, TemplateFinding
from estimator.messages import message, sentence

_ONE_MACHINE = frozenset({ManifestKind.FLAT, ManifestKind.COMPOSE, ManifestKind.DOCKER})
_SIZES = {
    "1 GPU": SAMPLE,
    "8 GPUs": replace(SAMPLE, gpu_count=8, cpu=64),
    "4 x 8 GPUs": replace(SAMPLE, gpu_count=8, cpu=64, nodes=4),
}
_STARTER = """\
# A template of the {layer} layer: what is not said here comes from '{extends}'.
#   paddle-estimate templates explain {name}     every value, and where it comes from
#   paddle-estimate templates check {name}       fill it in for 1, 8 and 4 x 8 GPUs
description: "{name}: say what it is for"
extends: {extends}

# What layers above this one, the command line and the estimate must leave as it is:
# locked:
#   - {{path: pod.securityContext.runAsNonRoot, by: platform team, because: images run as root}}

# What jobs may ask for; a layer can only tighten it:
# policy:
#   max_gpus: {{at_most: 16, by: platform team, because: the quota of the namespace}}

# training:
#   images: {images}
#   command: {command}
#   batch_size_argument: {argument}

# metadata:
#   namespace: my-team
#   labels:
#     team: my-team

# pod:
#   volumes:
#     - name: data  # lists merge by name; !delete, !replace and !append say otherwise
#       persistentVolumeClaim:
#         claimName: my-data
#   containers:
#     - name: paddle
#       env:
#         - name: NCCL_DEBUG
#           value: WARN
"""


def new_template(name: str, extends: str, layer: str, folder: Path | None) -> Path:
    """Write a commented starter and return its path; by default into the user's configuration.

    Raises BadInput for a name or layer that cannot be, a template to build on that is not
    there, and a file that is there already.
    """
    if not NAME.fullmatch(name):
        raise BadInput(message("layers.no_name", name=name), where="NAME", hint="my-template")
    if layer not in LAYERS:
        known = ", ".join(LAYERS)
        raise BadInput(
            message("layers.no_layer", layer=layer, known=known),
            where="--layer",
            hint=f"--layer {LAYERS[-1]}",
        )
    home = site_folder() if folder is None else folder
    parent = resolve_template(template_library([home] if _has_templates(home) else []), extends)
    path = home / layer / f"{name}.yaml"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(_starter(name, layer, parent))
    except FileExistsError as error:
        hint = sentence("another name")
        raise BadInput(message("layers.is_there"), where=str(path), hint=hint) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise BadInput(
            message("error.not_written", path=path, why=why), hint="--templates DIR"
        ) from error
    return path


def check_templates(
    folders: Sequence[Path], names: Sequence[str] = ()
) -> tuple[TemplateFinding, ...]:
    """Fill every template, or those named, for 1 GPU, 8 GPUs and 4 nodes of 8, as every kind.

    A mistake that shows in several of them is one finding.
    """
    try:
        library = template_library(folders)
        templates = [
            resolve_template(library, name)
            for name in names or [one.name for one in library.newest]
        ]
    except BadInput as error:
        return (_finding("", "", error),)
    found: dict[tuple[str, str], TemplateFinding] = {}
    for template in templates:
        for one in _findings(template):
            found.setdefault((one.where, one.problem), one)
    return tuple(found.values())


def difference(left: Template, right: Template) -> tuple[Difference, ...]:
    """Every value in which two templates differ, and where each side has it from."""
    paths = dict.fromkeys((*value_paths(left.tree), *value_paths(right.tree)))
    sides = ((path, find(left.tree, path), find(right.tree, path)) for path in paths)
    return tuple(
        Difference(format_path(path), *_told(one), *_told(other))
        for path, one, other in sides
        if _value(one) != _value(other)
    )


def _has_templates(folder: Path) -> bool:
    return any(folder.glob("*/*.y*ml"))


def _starter(name: str, layer: str, parent: Template) -> str:
    return _STARTER.format(
        name=name,
        layer=layer,
        extends=parent.name,
        images=_inline(parent, "training.images"),
        command=_inline(parent, "training.command"),
        argument=_inline(parent, "training.batch_size_argument"),
    )


def _inline(template: Template, path: str) -> str:
    node = find(template.tree, parse_path(path, where=""))
    value = [] if node is None else plain(node)
    return yaml.safe_dump(value, default_flow_style=True, width=1 << 30).strip()


def _findings(template: Template) -> Iterator[TemplateFinding]:
    overrides = tuple(_names_to_be_given(template))
    for size, request in _SIZES.items():
        for kind in ManifestKind:
            if request.nodes > 1 and kind in _ONE_MACHINE:
                continue
            try:
                fill(template, request, kind, overrides)
            except BadInput as error:
                yield _finding(template.name, f"--kind {kind}, {size}", error)


def _names_to_be_given(template: Template) -> Iterator[Override]:
    """Stand-ins for a namespace and a queue that policy wants and only the user can name."""
    for subject, path in (("namespaces", NAMESPACE), ("queues", QUEUE)):
        if find(template.tree, parse_path(path, where="")) is None:
            for rule in template.policy:
                if rule.subject == subject:
                    yield override("templates check", path, rule.allow[0].replace("*", "x"))


def _finding(template: str, case: str, error: BadInput) -> TemplateFinding:
    return TemplateFinding(template, case, error.where, error.what, error.hint)


def _value(node: Node | None) -> str | None:
    """As text, so that ``true`` differs from ``1``."""
    return None if node is None else repr(plain(node))


def _told(node: Node | None) -> tuple[ManifestValue, str]:
    return (None, "") if node is None else (plain(node), node.provenance.where)
