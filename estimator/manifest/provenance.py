"""Writes beside every value of a YAML text where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from estimator.errors import BadInput, InternalError
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.tree import COMPUTED
from estimator.manifest.types import Manifest, Origin
from estimator.messages import message

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


def annotated(manifest: Manifest) -> str:
    """The text of a manifest with a comment behind every value; all values stay the same.

    ``# templates/base/training.yaml:12`` or ``# computed: why``. A reason that was just given is
    not given again. Raises BadInput for a kind that is not YAML.
    """
    require_comments(manifest.kind)
    lines = manifest.text.splitlines()
    places = list(lines_of_values(manifest.text))
    if len(places) != len(manifest.origins):
        raise InternalError(f"{len(places)} values have {len(manifest.origins)} origins")
    for line, comment in zip(places, _comments(manifest.origins), strict=True):
        lines[line] += f"  # {comment}"
    return "\n".join(lines) + "\n"


def require_comments(kind: str) -> None:
    """Raise BadInput for a kind that is not YAML."""
    if kind == ManifestKind.DOCKER:
        what = message("layers.no_provenance", kind=kind)
        raise BadInput(what, where="--provenance", hint="--explain")


def _comments(origins: Sequence[Origin]) -> Iterator[str]:
    before: tuple[str, str] | None = None
    for one in origins:
        said = (one.origin, one.reason)
        is_new = one.origin == COMPUTED and said != before
        yield _one_line(f"{one.origin}: {one.reason}" if is_new and one.reason else one.origin)
        before = said


def _one_line(words: str) -> str:
    """A comment ends with its line, and YAML wants no control characters even there."""
    return "".join(c if c.isprintable() else " " for c in " ".join(words.split()))


def lines_of_values(text: str) -> Iterator[int]:
    """The line of every value without parts, counted from 0, in order; none: it is not YAML."""
    try:
        documents = list(yaml.compose_all(text, Loader=_Loader))
    except yaml.YAMLError:
        return
    for document in documents:
        if isinstance(document, yaml.MappingNode):
            yield from _lines(document)


def _lines(node: yaml.Node) -> Iterator[int]:
    if isinstance(node, yaml.MappingNode) and node.value:
        for _, child in node.value:
            yield from _lines(child)
    elif isinstance(node, yaml.SequenceNode) and node.value:
        for child in node.value:
            yield from _lines(child)
    else:
        yield node.start_mark.line
