"""Training logs of PaddleClas, PaddleDetection, PaddleSeg, PaddleOCR and PaddleNLP.

They print ``batch_cost`` or ``avg_batch_cost`` (seconds), ``ips`` and, since November 2023,
``max_mem_reserved`` and ``max_mem_allocated``: MiB that are labelled MB, or bare bytes
(PaddleClas' static program), all of the process that logs. PaddleNLP's Trainer prints
``interval_steps_per_second``, ``max_memory_reserved`` in GiB, ``gpu_max_memory_reserved`` in MiB
and at its start the batch size per device (paddlenlp/trainer/trainer.py, 2.8.1). Its
``interval_samples_per_second`` is left alone: in 2022 it counted one step of an interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median

from estimator.records.importers.facts import FoundJob
from estimator.records.reading.lines import text_lines
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile
from estimator.records.types import Status
from estimator.units import GIB, MIB

_PAIR = re.compile(
    r"\b(?P<name>(?:avg_)?batch_cost|ips|interval_steps_per_second"
    r"|max_mem_(?:reserved|allocated)|(?:gpu_)?max_memory_(?:reserved|allocated))\s*:\s*"
    r"(?P<value>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)\s*(?P<unit>[A-Za-z]*(?:/[A-Za-z]+)?)"
)
_BATCH_SIZE = re.compile(r"\bInstantaneous batch size per device = (?P<size>\d+)\b")
_COUNTED_BY_SAMPLE = re.compile(r"(?:samples?|images?|sequences?)/s", re.IGNORECASE)
"""Units of ``ips``; it is tokens or words elsewhere."""
_WHOLE = 0.02
"""How far from a whole number a batch size may be that is the product of two rounded figures."""
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
    batch_sizes: list[float] = field(default_factory=list)
    lines: int = 0
    reserved: int | None = None
    allocated: int | None = None
    out_of_memory: bool = False
    stated_batch_size: int | None = None

    def read(self, line: str) -> None:
        """Take in one line; a line that says nothing of training changes nothing."""
        line = line[:_LONGEST]
        if _OUT_OF_MEMORY.search(line):
            self.out_of_memory = True
        if stated := _BATCH_SIZE.search(line):
            self.stated_batch_size = int(stated["size"])
        pairs = {match["name"]: match for match in _PAIR.finditer(line)}
        step = _step_time(pairs)
        allocated = _largest(pairs, "allocated")
        if step is None and allocated is None:
            return
        self.lines += 1
        if step is not None:
            self.step_times = [*self.step_times[-_KEPT:], step]
            self._read_rate(pairs.get("ips"), step)
        self.reserved = _larger(self.reserved, _largest(pairs, "reserved"))
        self.allocated = _larger(self.allocated, allocated)

    def _read_rate(self, rate: re.Match[str] | None, step: float) -> None:
        if rate is not None and _COUNTED_BY_SAMPLE.match(rate["unit"]):
            self.batch_sizes = [*self.batch_sizes[-_KEPT:], float(rate["value"]) * step]

    @property
    def step_time_s(self) -> float | None:
        """The median step time, without the first line where there are more."""
        times = self.step_times[_WARM_UP:] or self.step_times
        return median(times) if times else None

    @property
    def per_device_batch_size(self) -> int | None:
        """As the log states it, else rate times step time where that is a whole number."""
        if self.stated_batch_size is not None or not self.batch_sizes:
            return self.stated_batch_size
        found = median(self.batch_sizes)
        size = round(found)
        return size if size >= 1 and abs(found - size) <= _WHOLE * size else None


def _step_time(pairs: Mapping[str, re.Match[str]]) -> float | None:
    """Seconds of a step that a line tells, None where it tells none above zero."""
    cost = pairs.get("avg_batch_cost") or pairs.get("batch_cost")
    if cost is not None and float(cost["value"]) > 0:
        return float(cost["value"])
    steps = pairs.get("interval_steps_per_second")
    return 1 / float(steps["value"]) if steps is not None and float(steps["value"]) > 0 else None


_UNITS = {"max_mem_{}": 1, "max_memory_{}": GIB, "gpu_max_memory_{}": MIB}
"""Bytes of one, by the name's form; of the first MiB where it is labelled MB."""


def _largest(pairs: Mapping[str, re.Match[str]], kind: str) -> int | None:
    """The peak that a line tells in bytes; the most exact one comes first in ``_UNITS``."""
    for form, unit in _UNITS.items():
        if match := pairs.get(form.format(kind)):
            return int(float(match["value"]) * (MIB if match["unit"] == "MB" else unit))
    return None


def _larger(known: int | None, found: int | None) -> int | None:
    return known if found is None else max(known or 0, found)


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
        "per_device_batch_size": _text(log.per_device_batch_size),
        "step_time_s": _text(log.step_time_s),
        "peak_reserved_bytes": _text(log.reserved),
        "peak_allocated_bytes": _text(log.allocated),
        "status": str(Status.OUT_OF_MEMORY) if log.out_of_memory else None,
    }
    yield FoundJob(file.path.name, facts)


def _text(value: float | None) -> str | None:
    return None if value is None else repr(value)
