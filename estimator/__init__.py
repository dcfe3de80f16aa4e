"""paddle-estimate: what a Paddle training job needs, before it is submitted.

From Python: :func:`estimate`, :func:`estimate_script`, :func:`capacity_report` and what else
:mod:`estimator.api` has.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = (
    "Picture",
    "capacity_report",
    "changes_of",
    "compare",
    "estimate",
    "estimate_script",
    "frame",
    "gpu_types",
    "manifest_of",
    "past_jobs",
    "past_statistics",
    "template",
    "templates",
)


def __getattr__(name: str) -> Any:
    """What :mod:`estimator.api` offers, imported when asked for: the commands start sooner."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'estimator' has no attribute '{name}'")
    return getattr(import_module("estimator.api"), name)
