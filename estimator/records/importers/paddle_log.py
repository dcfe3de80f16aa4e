"""Training logs of PaddleClas, PaddleDetection, PaddleSeg, PaddleOCR and PaddleNLP.

They print ``batch_cost`` or ``avg_batch_cost`` (seconds) and, since November 2023,
``max_mem_reserved`` and ``max_mem_allocated``: MiB that are labelled MB, or bare bytes
(PaddleClas' static program), all of the process that logs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from estimator.records.importers.facts import FoundJob
from estimator.records.reading.lines import text_lines
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.types import Status
from estimator.units import MIB

_PAIR = re.compile(
    r"\b(?P<name>(?:avg_)?batch_cost|ips|max_mem_reserved|max_mem_allocated)\s*:\s*"
    r"(?P<value>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?P<unit>[A-Za-z]*(?:/[A-Za-z]+)?)"
)
_OUT_OF_MEMORY = re.compile(r"ResourceExhaustedError|Out of memory error on GPU|CUDA out of memory")
_WARM_UP = 1
"""The first line of a log counts the compilation of kernels and the filling of caches."""
_KEPT = 10_000
"""Step times that are kept: the newest, so that a log of any length takes the same memory."""
_LONGEST = 4096


@dataclass(slots=True)
class TrainingLog:
    """What the lines of one training log have said so far."""

    step_times: list[float] = field(default_factory=list)
    lines: int = 0
    reserved: int | None = None
    allocated: int | None = None
    out_of_memory: bool = False

    def read(self, line: str) -> None:
        """Take in one line; a line that says nothing of training changes nothing."""
        line = line[:_LONGEST]
        if _OUT_OF_MEMORY.search(line):
            self.out_of_memory = True
        pairs = {match["name"]: match for match in _PAIR.finditer(line)}
        cost = pairs.get("avg_batch_cost") or pairs.get("batch_cost")
        if cost is None and "max_mem_allocated" not in pairs:
            return
        self.lines += 1
        if cost is not None and float(cost["value"]) > 0:
            self.step_times = [*self.step_times[-_KEPT:], float(cost["value"])]
        self.reserved = _larger(self.reserved, pairs.get("max_mem_reserved"))
        self.allocated = _larger(self.allocated, pairs.get("max_mem_allocated"))

    @property
    def step_time_s(self) -> float | None:
        """The median step time, without the first line where there are more."""
        times = self.step_times[_WARM_UP:] or self.step_times
        return median(times) if times else None


def _larger(known: int | None, match: re.Match[str] | None) -> int | None:
    if match is None:
        return known
    size = float(match["value"]) * (MIB if match["unit"] == "MB" else 1)
    return max(known or 0, int(size))


def paddle_log_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """One job for each log file; a file without a line of training is skipped."""
    log = TrainingLog()
    for line in text_lines(file.path, tally, file.encoding):
        log.read(line)
    if not log.lines and not log.out_of_memory:
        tally.skip("no line of a Paddle training log", file.path.name)
        return
    facts = {
        "job_id": file.path.stem,
        "step_time_s": None if log.step_time_s is None else repr(log.step_time_s),
        "peak_reserved_bytes": None if log.reserved is None else str(log.reserved),
        "peak_allocated_bytes": None if log.allocated is None else str(log.allocated),
        "status": str(Status.OUT_OF_MEMORY) if log.out_of_memory else None,
    }
    yield FoundJob(file.path.name, facts)
