"""Tasks for the tests of this folder."""

from __future__ import annotations

from dataclasses import replace

from estimator.learning.trace import Task
from estimator.units import GIB

ONE = Task("align", requested=8.0 * GIB, peak=2.0 * GIB, submitted=0.0, finished=60.0, seconds=60.0)


def later(start: float, **changes: object) -> Task:
    """A task like ``ONE`` that is submitted at ``start`` and runs a minute."""
    return replace(ONE, submitted=start, finished=start + 60.0, **changes)  # type: ignore[arg-type]
