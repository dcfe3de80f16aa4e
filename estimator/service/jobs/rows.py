"""Runs as rows of a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from estimator.service.jobs.types import Run, State

_NAMES = tuple(field.name for field in fields(Run))
_AS_JSON = ("request", "progress", "error", "summary")

COLUMNS = ", ".join(_NAMES)
"""Those of a run, in the order of :func:`to_run`."""


def to_run(row: Sequence[Any]) -> Run:
    """The run of a row."""
    values = dict(zip(_NAMES, row, strict=True))
    for name in _AS_JSON:
        values[name] = None if values[name] is None else json.loads(values[name])
    return Run(**values | {"state": State(values["state"]), "cancel": bool(values["cancel"])})


def dumped(value: Mapping[str, Any]) -> str:
    """Plain data as it is kept."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
