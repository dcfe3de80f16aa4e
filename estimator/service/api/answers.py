"""What every operation of the API may answer besides what was asked for."""

from __future__ import annotations

from typing import Any

from estimator.service.api.models import Problem
from estimator.service.problems import MEDIA_TYPE

_SAID = {
    400: "The request cannot be read.",
    401: "No token, or one that is not known.",
    403: "The token does not allow it, or the request comes from a foreign page.",
    404: "There is nothing of this name.",
    409: "It is not in a state for this.",
    413: "Too large.",
    415: "Neither JSON nor a form.",
    422: "Understood, and it cannot be used as it is.",
    429: "Too many requests, or too many estimates under way.",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The documented problems of an operation, with those that any may have."""
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        status: {"description": _SAID[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in sorted({400, 401, 403, 422, 429, *statuses})
    }
