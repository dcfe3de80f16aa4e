"""What the estimate and the user made of a template: the manifest's lines against its own.

The other side of the difference is the template in the form of the same kind, without any value
that is not its own: what a computed value or a setting of the user took the place of comes back,
and what they added is left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from estimator.manifest.fill import computed_settings
from estimator.manifest.kindnames import parse_kind
from estimator.manifest.kinds import KINDS
from estimator.manifest.layers import Template
from estimator.manifest.merge import merge, overlay
from estimator.manifest.overrides import layer_of
from estimator.manifest.provenance import lines_of_values
from estimator.manifest.tree import (
    Branch,
    Listing,
    Node,
    Provenance,
    Setting,
    find,
    leaves,
    plain_map,
)
from estimator.manifest.types import JobRequest, Manifest, Override

_NOT_ITS_OWN = Provenance("not the template's own")
_CONTEXT = 2


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified difference. sign: ``+``, ``-``, a space, or ``@`` between two parts.

    origin and reason: of the value that an added line holds, empty where it holds none.
    """

    sign: Literal["+", "-", " ", "@"]
    text: str
    origin: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TemplateDiff:
    """A manifest against its template."""

    template: str
    kind: str
    lines: tuple[DiffLine, ...]

    @property
    def text(self) -> str:
        """As ``diff -u`` writes it; empty where nothing differs."""
        if not self.lines:
            return ""
        head = f"--- {self.template}\n+++ {self.kind}\n"
        return head + "".join(
            f"{one.text}\n" if one.sign == "@" else f"{one.sign}{one.text}\n" for one in self.lines
        )


def difference(
    made: Manifest, template: Template, request: JobRequest, overrides: Sequence[Override]
) -> TemplateDiff:
    """A manifest against the template, request and overrides that it was made of."""
    before = template_alone(template, request, made.kind, overrides).splitlines()
    after = made.text.splitlines()
    return TemplateDiff(
        template=template.name, kind=made.kind, lines=tuple(_lines(before, after, _whys(made)))
    )


def template_alone(
    template: Template, request: JobRequest, kind: str, overrides: Sequence[Override] = ()
) -> str:
    """The template in the form of a kind, with its own values alone."""
    wanted = layer_of(overrides)
    asked = replace(template, tree=merge(template.tree, wanted))
    added = [
        *computed_settings(asked, request, parse_kind(kind)),
        *(Setting(leaf.path, leaf.value, leaf.provenance) for leaf in leaves(wanted)),
    ]
    marked = [
        replace(one, provenance=_NOT_ITS_OWN)
        for one in added
        if find(template.tree, one.path) is None
    ]
    form = KINDS[parse_kind(kind)]
    documents = form.documents(merge(template.tree, overlay(marked)))
    own = [kept for document in documents if isinstance(kept := _own(document), Branch)]
    return form.text([plain_map(document) for document in own])


def _own(node: Node) -> Node | None:
    """What is left of a tree without the marked values; None where that is nothing."""
    if isinstance(node, Branch):
        entries = {key: _own(child) for key, child in node.entries.items()}
        kept = {key: child for key, child in entries.items() if child is not None}
        return replace(node, entries=kept) if kept or not entries else None
    if isinstance(node, Listing):
        items = tuple(item for item in map(_own, node.items) if item is not None)
        return replace(node, items=items) if items or not node.items else None
    return None if node.provenance == _NOT_ITS_OWN else node


def _whys(made: Manifest) -> dict[int, tuple[str, str]]:
    """Origin and reason by line, counted from 0; none where the lines are not one value each."""
    places = list(lines_of_values(made.text))
    if len(places) != len(made.origins):
        return {}
    whys: dict[int, tuple[str, str]] = {}
    for place, one in zip(places, made.origins, strict=True):
        whys.setdefault(place, (one.origin, one.reason))
    return whys


def _lines(
    before: Sequence[str], after: Sequence[str], whys: dict[int, tuple[str, str]]
) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        (_, old, _, new, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        spans = f"-{old + 1},{old_end - old} +{new + 1},{new_end - new}"
        yield DiffLine("@", f"@@ {spans} @@")
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from (DiffLine(" ", text) for text in before[start:end])
                continue
            yield from (DiffLine("-", text) for text in before[start:end])
            for number in range(new_start, new_end):
                origin, reason = whys.get(number, ("", ""))
                yield DiffLine("+", after[number], origin, reason)
