"""Past jobs in a file, as tasks that a replay goes through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.errors import BadInput
from estimator.learning.ending import Ending, ending_of
from estimator.messages import sentence
from estimator.records.mapping import ColumnMap, read_mapped
from estimator.records.reading.problems import Tally

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("template", "requested_memory_bytes", "peak_memory_bytes", "submitted_at")
_LONGEST_LIFE = 1e12
"""Times beyond this many seconds from 1970 are no times."""


@dataclass(frozen=True, slots=True)
class Task:
    """One job of a trace. Memory in bytes, times in seconds since 1970, ``seconds`` of running.

    prior: what was predicted before it ran, None where nothing was. peak: what it took, or at
    least took where it was killed. finished is never before submitted.
    """

    template: str
    requested: float
    peak: float
    submitted: float
    finished: float
    seconds: float
    user: str | None = None
    gpu: str | None = None
    prior: float | None = None
    ending: Ending = Ending.BY_ITSELF

    @property
    def killed(self) -> bool:
        """Whether ``peak`` is a lower bound only."""
        return self.ending is not Ending.BY_ITSELF


@dataclass(frozen=True, slots=True)
class Trace:
    """The tasks of one file in the order of submission; what was left out is in ``tally``."""

    name: str
    tasks: tuple[Task, ...]
    tally: Tally


def read_trace(path: Path, mapping: ColumnMap) -> Trace:
    """The tasks of a file with a table.

    Left out and counted: rows without one of ``NEEDED`` or without any end. Raises BadInput
    where the map or the file lacks a field that a replay cannot do without, or no row is left.
    """
    _check_mapping(mapping)
    tally = Tally()
    tasks = [task for frame in read_mapped(path, mapping, tally) for task in _tasks(frame, tally)]
    if not tasks:
        raise BadInput(
            sentence("no row has a template, requested and peak memory and times"),
            where=str(path),
            hint="; ".join(tally.lines()) or "paddle-estimate history replay --help",
        )
    # a stable sort: rows submitted at the same moment stay in the order of the file
    return Trace(str(path), tuple(sorted(tasks, key=lambda task: task.submitted)), tally)


def _check_mapping(mapping: ColumnMap) -> None:
    mapped = {*(one.column.name for one in mapping.fields), *mapping.constants}
    missing = [name for name in NEEDED if name not in mapped]
    if not mapped & {"finished_at", "duration_s"}:
        missing.append("finished_at")
    if missing:
        raise BadInput(
            sentence("a replay needs {fields}", fields=tuple(missing)),
            where="--map",
            hint=" ".join(f"--map {name}=COLUMN" for name in missing),
        )


def _tasks(frame: pd.DataFrame, tally: Tally) -> Iterator[Task]:
    for row in frame.to_dict("records"):
        problem = _problem(row)
        if problem:
            tally.taken -= 1
            tally.skip(problem, row["place"])
        else:
            yield _task(row)


def _problem(row: dict[Any, Any]) -> str:
    if row["template"] is None:
        return "no template"
    for name in ("requested_memory_bytes", "peak_memory_bytes"):
        # a peak of zero was never sampled: the job ended before anyone looked
        if not row[name] > 0:
            return f"no {name}"
    if _second(row["submitted_at"]) is None:
        return "no submitted_at"
    if _second(row.get("finished_at")) is None and not _number(row.get("duration_s")):
        return "no finished_at and no duration"
    return ""


def _task(row: dict[Any, Any]) -> Task:
    submitted = _second(row["submitted_at"]) or 0.0
    finished, duration = _second(row.get("finished_at")), _number(row.get("duration_s"))
    if finished is None or finished < submitted:
        finished = submitted + (duration or 0.0)
    return Task(
        template=row["template"],
        requested=row["requested_memory_bytes"],
        peak=row["peak_memory_bytes"],
        submitted=submitted,
        finished=finished,
        seconds=finished - submitted if duration is None else duration,
        user=row.get("user"),
        gpu=row.get("gpu"),
        prior=_number(row.get("prior_host_memory_bytes_target")) or None,
        ending=ending_of(row.get("status"), row.get("exit_reason")),
    )


def _second(moment: Any) -> float | None:
    """Seconds since 1970 of a pandas timestamp; None for NaT or none at all."""
    if moment is None or moment != moment:
        return None
    second = float(moment.timestamp())
    return second if abs(second) < _LONGEST_LIFE else None


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
