"""Everything that can be known to be wrong with a manifest before a cluster sees it.

Our own rules always; Kubernetes' schemas where ``kubernetes-validate`` is installed; exported
definitions and a live cluster where they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from estimator.errors import BadInput
from estimator.manifest.check import check_set
from estimator.manifest.crds import Definitions, check_against, finding_at
from estimator.manifest.tree import COMPUTED, format_path
from estimator.manifest.types import Finding, Origin
from estimator.manifest.walk import Document, Path, pods, step_of
from estimator.messages import Lines, message, sentence

Placed = tuple[int, Finding]
"""A finding with the position of its document."""

_CORE = ("v1", "batch/v1", "resource.k8s.io/v1")
_INSTALL = "pip install 'paddle-estimate[validate]'"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, each finding with the position of its document; and what was not looked at."""

    findings: tuple[Placed, ...]
    notes: tuple[str, ...]


def prepare() -> None:
    """Import what :func:`validate` needs; it takes a tenth of a second."""
    if _has_schemas():
        import_module("kubernetes_validate")


def validate(documents: Sequence[Document], definitions: Definitions | None = None) -> Verdict:
    """Judge the documents of a manifest."""
    found = list(check_set(documents))
    notes: list[str] = []
    if _has_schemas():
        found += _schema_findings(documents)
    else:
        notes.append(message("validate.no_schemas", hint=_INSTALL))
    if definitions is not None:
        found += _definition_findings(documents, definitions)
        notes += _not_defined(documents, definitions)
    return Verdict(tuple(dict.fromkeys(found)), tuple(notes))


def located(
    findings: Sequence[Placed],
    documents: Sequence[Document],
    origins: Sequence[Origin],
) -> tuple[Placed, ...]:
    """The findings with the layer and line that each value came from."""
    by_path = {one.path: one.origin for one in origins}
    return tuple(
        (position, replace(one, where=one.where or _where(by_path, position, one, documents)))
        for position, one in findings
    )


def require_valid(findings: Sequence[Placed], documents: Sequence[Document]) -> None:
    """Raise BadInput that lists every finding: path, problem, line and mend."""
    if not findings:
        return
    lines = [line_of(one, documents[position]) for position, one in findings]
    if len(lines) == 1:
        [(_, only)] = findings
        raise BadInput(lines[0], hint=only.mend)
    what = message("validate.findings", count=len(lines), listed=Lines(lines))
    raise BadInput(what, hint=next((one.mend for _, one in findings if one.mend), ""))


def line_of(finding: Finding, document: Document) -> str:
    """``file:line: Job spec.template...: what is wrong``, as a person reads it."""
    place = f"{document.get('kind', '')} {format_path(finding.path)}"
    said = sentence("{path}: {problem}", path=place, problem=finding.problem)
    if finding.where in ("", COMPUTED):
        return said
    return sentence("{path}: {problem}", path=finding.where, problem=said)


def _has_schemas() -> bool:
    return find_spec("kubernetes_validate") is not None


def _schema_findings(documents: Sequence[Document]) -> Iterator[Placed]:
    """Core kinds as they are; of any other kind its pods."""
    for position, document in enumerate(documents):
        if document.get("apiVersion") in _CORE:
            yield from ((position, one) for one in _against_kubernetes(document, ()))
        elif "apiVersion" in document:
            for path, pod in pods(document):
                bare: dict[str, Any] = {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {"name": "pod"},
                    "spec": dict(pod),
                }
                yield from ((position, one) for one in _against_kubernetes(bare, path))


def _against_kubernetes(document: Document, pod: Path) -> Iterator[Finding]:
    import kubernetes_validate as schemas

    try:
        schemas.validate(dict(document), schemas.latest_version(), strict=True)
    except schemas.ValidationError as error:
        steps = [*error.absolute_path]
        path = _path(document, steps[1:] if pod else steps, document["spec"] if pod else document)
        yield finding_at((*pod, *path), error)
    except schemas.SchemaNotFoundError:
        return


def _path(document: Document, steps: Sequence[str | int], start: Any) -> Path:
    path: Path = ()
    value = start
    for step in steps:
        value = value[step]
        path = (*path, step_of(path, step, value))
    return path


def _definition_findings(
    documents: Sequence[Document], definitions: Definitions
) -> Iterator[Placed]:
    for position, document in enumerate(documents):
        yield from ((position, one) for one in check_against(document, definitions))


def _not_defined(documents: Sequence[Document], definitions: Definitions) -> Iterator[str]:
    for document in documents:
        version = document.get("apiVersion")
        if version and version not in _CORE and document not in definitions:
            yield message("validate.no_definition", kind=document.get("kind"), version=version)


def _where(
    by_path: Mapping[str, str], position: int, finding: Finding, documents: Sequence[Document]
) -> str:
    """The origin of the value, or of the first value within it, or of what it stands in."""
    prefix = (str(documents[position].get("kind")),) if position else ()
    path = (*prefix, *finding.path)
    while path:
        text = format_path(path)
        if text in by_path:
            return by_path[text]
        within = (
            where for one, where in by_path.items() if one.startswith((f"{text}.", f"{text}["))
        )
        if (found := next(within, None)) is not None:
            return found
        path = path[:-1]
    return ""
