"""What is wrong with a manifest: where it stands, which layer it came from, and the mend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from estimator.errors import BadInput
from estimator.manifest.check import check_set
from estimator.manifest.tree import COMPUTED, Branch, format_path, nearest
from estimator.manifest.types import Finding
from estimator.manifest.walk import Document
from estimator.messages import message, sentence


def findings_of(trees: Sequence[Branch], values: Sequence[Document]) -> Iterator[Finding]:
    """What an API server would refuse, each finding with the line that its value came from.

    ``values`` are those of the trees, without origins.
    """
    for position, finding in check_set(values):
        found = nearest(trees[position], finding.path)
        yield replace(finding, where=found.node.provenance.where)


def require_sound(trees: Sequence[Branch], values: Sequence[Document]) -> None:
    """Raise BadInput with the first finding, and how many more there are."""
    findings = tuple(findings_of(trees, values))
    if not findings:
        return
    first = findings[0]
    more = len(findings) - 1
    said = sentence("{path}: {problem}", path=format_path(first.path), problem=first.problem)
    raise BadInput(
        message("finding.and_more", said=said, more=more) if more else said,
        where="" if first.where == COMPUTED else first.where,
        hint=first.mend or message("finding.correct_template"),
    )
