"""Errors as RFC 9457 problems, in the words of the command line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from estimator.errors import BadInput, EstimatorError, InternalError, UserCodeFailed
from estimator.messages import Language, from_portable, message, to_portable, translate
from estimator.service.sandbox.bubblewrap import CODE

MEDIA_TYPE = "application/problem+json"
_KINDS = {BadInput: ("bad-input", 422), UserCodeFailed: ("user-code-failed", 422)}
_INTERNAL = ("internal-error", 500)
_STATUS_OF = {"interrupted": 500}


def problem_of(error: EstimatorError, folder: str = "") -> dict[str, Any]:
    """An error as plain data that can be told in either language.

    folder: where the code stood; its place on the machine is nobody's business.
    """
    kind, status = _KINDS.get(type(error), _INTERNAL)
    notes = [] if isinstance(error, InternalError) else getattr(error, "__notes__", [])
    return {
        "kind": kind,
        "status": status,
        "what": _portable(error.what, folder),
        "hint": _portable(error.hint, folder),
        "where": _bare(error.where, folder),
        "notes": [_bare(note, folder) for note in notes],
        "exit_code": error.exit_code,
    }


def told(plain: Mapping[str, Any], language: Language, instance: str = "") -> dict[str, Any]:
    """The problem document in a language."""
    kind = plain["kind"]
    what = from_portable(plain["what"]) if "what" in plain else message(f"problem.{kind}_detail")
    hint = from_portable(plain.get("hint", ""))
    document = {
        "type": f"urn:paddle-estimate:problem:{kind}",
        "title": translate(message(f"problem.{kind}"), language),
        "status": plain["status"],
        "detail": translate(what, language),
        "where": plain.get("where", ""),
        "hint": translate(hint, language),
        "notes": list(plain.get("notes", [])),
        "instance": instance,
    }
    return {name: value for name, value in document.items() if value not in ("", [])}


def shown_whole(document: Mapping[str, Any]) -> dict[str, Any]:
    """A problem document with every part that a page shows, empty where it has none."""
    return {"where": "", "hint": "", "detail": "", "notes": []} | dict(document)


def _portable(said: str, folder: str) -> object:
    portable = to_portable(said)
    return _cleaned(portable, folder)


def _cleaned(value: Any, folder: str) -> Any:
    if isinstance(value, str):
        return _bare(value, folder)
    if isinstance(value, Mapping):
        return {key: _cleaned(item, folder) for key, item in value.items()}
    return [_cleaned(item, folder) for item in value] if isinstance(value, list) else value


def _bare(text: str, folder: str) -> str:
    """File names as the user knows them."""
    for place in filter(None, (folder, str(CODE))):
        text = re.sub(rf"(?<![\w/]){re.escape(place)}/", "", text)
    return text


class Refused(Exception):
    """A request that is not carried out, for a reason that is not the question's."""

    def __init__(self, kind: str, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(kind)
        self.plain = {"kind": kind, "status": status}
        self.headers = dict(headers or {})
