"""Slurm's accounting: what ``sacct -P`` prints (https://slurm.schedmd.com/sacct.html).

A job has a line of its own and one for each step (``123.batch``, ``123.0``); memory in use is
said of the steps alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from estimator.records.importers.facts import FoundJob
from estimator.records.reading.lines import unreadable
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile, delimited_rows
from estimator.units import parse_bytes

_FIELDS = {
    "JobName": "template",
    "User": "user",
    "Account": "team",
    "Partition": "queue",
    "Timelimit": "requested_duration_s",
    "Submit": "submitted_at",
    "Start": "started_at",
    "End": "finished_at",
    "Elapsed": "duration_s",
    "TotalCPU": "used_cpu_s",
    "NNodes": "node_count",
}
_COMMAND = "sacct -P -o JobID,JobName,User,State,Submit,Start,End,ReqMem,MaxRSS,ReqTRES"
_GPUS = re.compile(r"gres/gpu(?::([\w.\-]+))?=(\d+)")
_NO_LIMIT = {"UNLIMITED", "Partition_Limit"}

Row = tuple[str, dict[str, str]]


def slurm_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The jobs of an accounting dump; times are in the zone of the cluster, read as UTC."""
    file = TableFile(file.path, "|", file.encoding)
    rows = delimited_rows(file, tally)
    for _, lines in groupby(rows, key=lambda row: _job(file, row)):
        yield _found(list(lines))


def _job(file: TableFile, row: Row) -> str:
    if "JobID" not in row[1]:
        error = unreadable(file.path, "there is no column 'JobID'", 1)
        error.hint = _COMMAND
        raise error
    return row[1]["JobID"].partition(".")[0]


def _found(lines: list[Row]) -> FoundJob:
    place, job = lines[0]
    steps = [row for _, row in lines]
    facts: dict[str, str | None] = {"job_id": job["JobID"].partition(".")[0]}
    facts |= {field: job.get(name) for name, field in _FIELDS.items()}
    if facts["requested_duration_s"] in _NO_LIMIT:
        facts["requested_duration_s"] = None
    facts |= {"status": job.get("State"), "exit_reason": job.get("State")}
    facts["exit_code"] = (job.get("ExitCode") or "").partition(":")[0]
    facts["peak_memory_bytes"] = _largest(row.get("MaxRSS", "") for row in steps)
    facts["requested_memory_bytes"] = _requested(job)
    facts["requested_cpu"] = _per_node(job.get("ReqCPUS") or job.get("NCPUS") or "", job)
    gpus = _GPUS.findall(job.get("AllocTRES") or job.get("ReqTRES") or "")
    if gpus:
        facts["gpu_count"] = str(max(int(count) for _, count in gpus))
        facts["gpu"] = next((name for name, _ in gpus if name), None)
    return FoundJob(place, facts)


def _largest(cells: Iterator[str]) -> str | None:
    sizes = [_bytes(cell) for cell in cells if cell]
    return str(max(sizes)) if sizes else None


def _bytes(cell: str) -> int:
    """Slurm's K, M and G are powers of two; a bare number of MaxRSS is bytes."""
    word = cell.strip().upper()
    try:
        return parse_bytes(word[:-1] + word[-1] + "i" if word[-1:] in "KMGTP" else word)
    except ValueError:
        return 0


def _requested(job: dict[str, str]) -> str | None:
    """ReqMem of one node; older versions write it per node (``4Gn``) or per core (``4Gc``)."""
    cell = (job.get("ReqMem") or "").strip()
    if not cell or cell in ("0", "0n", "?"):
        return None
    size = _bytes(cell.rstrip("nc"))
    nodes = _count(job.get("NNodes"))
    if cell.endswith("c"):
        size = size * _count(job.get("ReqCPUS") or job.get("NCPUS")) // nodes
    elif not cell.endswith("n"):
        size //= nodes
    return str(size)


def _per_node(cell: str, job: dict[str, str]) -> str | None:
    return str(_count(cell) / _count(job.get("NNodes"))) if cell.isdigit() else None


def _count(cell: str | None) -> int:
    return int(cell) if cell and cell.isdigit() and int(cell) else 1
