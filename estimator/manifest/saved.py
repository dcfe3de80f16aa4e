"""Reads a manifest that was written to a file, every value with its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from estimator.errors import BadInput
from estimator.manifest.tree import format_path
from estimator.manifest.types import Origin
from estimator.manifest.walk import Document, Path, step_of
from estimator.messages import message

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class SavedManifest:
    """The documents of a file, and the line of each value."""

    documents: tuple[Document, ...]
    origins: tuple[Origin, ...]


def read_manifest(path: FilePath) -> SavedManifest:
    """Read YAML documents of Kubernetes. Raises BadInput with ``file:line``."""
    try:
        text = path.read_text(encoding="utf-8")
        nodes = [node for node in yaml.compose_all(text, _LOADER) if node is not None]
        documents = [one for one in yaml.load_all(text, _LOADER) if one is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        what = message("saved.unreadable", why=str(error).splitlines()[0])
        raise BadInput(
            what, where=f"{path}{line}", hint=f"kubectl apply --dry-run=client -f {path}"
        ) from error
    for node, document in zip(nodes, documents, strict=True):
        if not isinstance(document, dict) or "kind" not in document:
            where = f"{path}:{node.start_mark.line + 1}"
            raise BadInput(message("saved.no_object"), where=where, hint="--kind job")
    if not documents:
        raise BadInput(
            message("saved.empty"), where=str(path), hint=f"paddle-estimate MODEL.py > {path}"
        )
    origins = [
        origin
        for position, (node, document) in enumerate(zip(nodes, documents, strict=True))
        for origin in _origins(
            node, document, (str(document["kind"]),) if position else (), str(path)
        )
    ]
    return SavedManifest(tuple(documents), tuple(origins))


def _origins(node: yaml.Node, value: Any, path: Path, file: str) -> Iterator[Origin]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for key, child in node.value:
            yield from _origins(child, value[key.value], (*path, str(key.value)), file)
    elif isinstance(node, yaml.SequenceNode) and node.value:
        for position, child in enumerate(node.value):
            step = step_of(path, position, value[position])
            yield from _origins(child, value[position], (*path, step), file)
    else:
        where = f"{file}:{node.start_mark.line + 1}"
        yield Origin(format_path(path), value if _is_leaf(value) else str(value), where, "")


def _is_leaf(value: object) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
