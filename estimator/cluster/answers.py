"""Reads what an API server says against a document (``Status`` of apimachinery, meta/v1)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from estimator.manifest.types import Finding
from estimator.manifest.walk import Document, Path, step_of
from estimator.messages import message

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")
_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_IMMUTABLE = "field is immutable"


def findings_in(body: str | bytes | None, document: Document) -> Iterator[Finding]:
    """Each cause that the server names, at its place in the document; else its whole sentence."""
    status = _status(body)
    said = str(status.get("message") or message("cluster.no_reason"))
    unknown = _UNKNOWN.findall(said)
    for field in unknown:
        path = path_of(field, document)
        yield Finding(path[:-1], message("finding.unknown_field", fields=path[-1]))
    causes = status.get("details", {}).get("causes") or []
    for cause in causes if not unknown else []:
        yield Finding(
            path_of(str(cause.get("field", "")), document),
            str(cause.get("message", said)),
            mend=_mend(str(cause.get("message", "")), str(cause.get("reason", ""))),
        )
    if not causes and not unknown:
        yield Finding(("metadata", "name"), said, mend=_mend(said, str(status.get("reason", ""))))


def path_of(field: str, document: Document) -> Path:
    """``spec.containers[0].image`` as people read it: ``spec.containers[paddle].image``."""
    path: Path = ()
    value: Any = document
    for match in _STEP.finditer(field):
        bracket, word = match.groups()
        step: str | int = word if bracket is None else bracket.strip("'\"")
        if isinstance(value, list) and str(step).isdecimal():
            step = int(step)
        value = _part(value, step)
        path = (*path, step_of(path, step, value))
    return path or ("metadata", "name")


def _part(value: Any, step: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _mend(said: str, reason: str) -> str:
    if _IMMUTABLE in said or reason in ("FieldManagerConflict", "Conflict", "AlreadyExists"):
        return message("cluster.other_name")
    return ""


def _status(body: str | bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(body or "")
    except ValueError:
        return {"message": str(body)[:200]} if body else {}
    return found if isinstance(found, dict) else {}
