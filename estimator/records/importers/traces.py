"""Published traces of GPU clusters, by their documented schemas.

Philly (github.com/msr-fiddle/philly-traces, ``cluster_job_log``), Helios
(github.com/S-Lab-System-Group/HeliosData, ``cluster_log.csv``), Acme
(github.com/InternLM/AcmeTrace, ``trace_seren.csv`` and ``trace_kalos.csv``), PAI
(github.com/alibaba/clusterdata, gpu-v2020, ``pai_task_table.csv``, which has no header), openb
(the same, gpu-v2023, ``openb_pod_list_*.csv``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from estimator.records.importers.facts import FoundJob
from estimator.records.reading.json_values import json_values
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import TableFile, delimited_rows, need_columns

_SLURM_LIKE = {
    "job_id": "job_id",
    "user": "user",
    "gpu_num": "gpu_count",
    "node_num": "node_count",
    "state": "status",
    "submit_time": "submitted_at",
    "start_time": "started_at",
    "end_time": "finished_at",
    "duration": "duration_s",
}
_HELIOS = {**_SLURM_LIKE, "vc": "team", "jobname": "template"}
_ACME = {**_SLURM_LIKE, "type": "template"}
_PAI_HEADER = (
    *("job_name", "task_name", "inst_num", "status", "start_time", "end_time"),
    *("plan_cpu", "plan_mem", "plan_gpu", "gpu_type"),
)


def helios_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The jobs of a Helios cluster; ``vc`` is the team."""
    for place, row in _rows(file, tally, ("job_id", "vc", "gpu_num")):
        yield FoundJob(place, {**_renamed(row, _HELIOS), **_cores(row)})


def acme_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The jobs of an Acme cluster; ``type`` (pretrain, evaluation ...) is the template."""
    for place, row in _rows(file, tally, ("job_id", "type", "gpu_num")):
        memory = row.get("mem_per_pod_GB")
        asked = {"requested_memory_bytes": f"{memory}GB" if memory else None}
        yield FoundJob(place, {**_renamed(row, _ACME), **_cores(row), **asked})


def pai_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The tasks of PAI: CPU and GPU in percent of one, memory in GB; times are relative."""
    file = TableFile(file.path, ",", file.encoding, _PAI_HEADER)
    for place, row in delimited_rows(file, tally):
        memory = row["plan_mem"]
        yield FoundJob(
            place,
            {
                "job_id": f"{row['job_name']}/{row['task_name']}",
                "template": row["task_name"],
                "status": row["status"],
                "started_at": row["start_time"],
                "finished_at": row["end_time"],
                "requested_cpu": _percent(row["plan_cpu"]),
                "requested_memory_bytes": f"{memory}GB" if memory else None,
                "gpu_count": _gpus(row["plan_gpu"], row["inst_num"]),
                "node_count": row["inst_num"],
                "gpu": row["gpu_type"],
            },
        )


def openb_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The pods of openb: memory in MiB, CPU and GPU shares in thousandths; times are relative."""
    for place, row in _rows(file, tally, ("name", "num_gpu", "gpu_milli", "creation_time")):
        shared = row["num_gpu"] not in ("", "0") and row["gpu_milli"] != "1000"
        yield FoundJob(
            place,
            {
                "job_id": row["name"],
                "queue": row.get("qos"),
                "status": row.get("pod_phase"),
                "submitted_at": row["creation_time"],
                "started_at": row.get("scheduled_time"),
                "finished_at": row.get("deletion_time") if row.get("scheduled_time") else None,
                "requested_cpu": _thousandths(row.get("cpu_milli")),
                "requested_memory_bytes": f"{row['memory_mib']}Mi",
                "gpu_count": row["num_gpu"],
                "gpu_share": _thousandths(row["gpu_milli"]) if shared else None,
                "gpu": row.get("gpu_spec"),
            },
        )


def philly_jobs(file: TableFile, tally: Tally) -> Iterator[FoundJob]:
    """The jobs of Philly; of several attempts the last one counts."""
    for place, job in json_values(file.path, tally, file.encoding):
        if not isinstance(job, dict) or not isinstance(job.get("attempts"), list):
            tally.skip("not a job of Philly's cluster_job_log", place)
            continue
        yield FoundJob(place, _philly(job))


def _philly(job: Mapping[str, Any]) -> dict[str, str | None]:
    last = job["attempts"][-1] if job["attempts"] else {}
    machines = last.get("detail") or []
    gpus = sum(len(machine.get("gpus") or ()) for machine in machines)
    return {
        "job_id": _text(job.get("jobid")),
        "user": _text(job.get("user")),
        "team": _text(job.get("vc")),
        "status": "cancelled" if job.get("status") == "Killed" else _text(job.get("status")),
        "exit_reason": _text(job.get("status")),
        "submitted_at": _text(job.get("submitted_time")),
        "started_at": _text(last.get("start_time")),
        "finished_at": _text(last.get("end_time")),
        "gpu_count": str(gpus) if machines else None,
        "node_count": str(len(machines)) if machines else None,
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _rows(
    file: TableFile, tally: Tally, needed: Sequence[str]
) -> Iterator[tuple[str, dict[str, str]]]:
    for at, (place, row) in enumerate(delimited_rows(file, tally)):
        if at == 0:
            need_columns(file.path, needed, row)
        yield place, row


def _renamed(row: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str | None]:
    return {field: row.get(name) for name, field in names.items()}


def _cores(row: Mapping[str, str]) -> dict[str, str | None]:
    """Cores of one node: these traces say those of the whole job."""
    cores, nodes = row.get("cpu_num", ""), row.get("node_num", "")
    try:
        return {"requested_cpu": str(float(cores) / max(float(nodes or 1), 1))}
    except ValueError:
        return {"requested_cpu": None}


def _thousandths(cell: str | None) -> str | None:
    try:
        return str(float(cell or "") / 1000)
    except ValueError:
        return None


def _percent(cell: str) -> str | None:
    return f"{cell}%" if cell else None


def _gpus(percent: str, instances: str) -> str | None:
    """Whole GPUs of the task: a share of one still occupies it."""
    try:
        return str(-int(-float(percent) * float(instances or 1) // 100))
    except ValueError:
        return None
