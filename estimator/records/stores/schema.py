"""The versions of the table of job records, the same in every store.

A version lists what it added and is never edited. A new column goes to ``columns`` and, in a
version of its own, here: stores that are there get it by ALTER TABLE, new ones have it at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from estimator.records.columns import Kind

FIRST = 2
"""Version 1 was an SQLite file with other names; ``sqlite_schema`` turns it into version 2."""

_TEXT, _BYTES, _COUNT = Kind.TEXT, Kind.BYTES, Kind.COUNT
_SECONDS, _NUMBER, _MOMENT = Kind.SECONDS, Kind.NUMBER, Kind.MOMENT

_PREDICTED = {
    f"{stage}_{target}_{part}": kind if part in ("target", "lower", "upper") else _TEXT
    for stage in ("predicted", "prior")
    for target, kind in (
        ("device_memory_bytes", _BYTES),
        ("host_memory_bytes", _BYTES),
        ("step_time_s", _SECONDS),
        ("duration_s", _SECONDS),
    )
    for part in ("target", "lower", "upper", "source", "reason")
}
_VERSION_2 = {
    "identifier": _TEXT,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
    "origin": _TEXT,
    "problems": _TEXT,
    "job_id": _TEXT,
    "template": _TEXT,
    "user": _TEXT,
    "team": _TEXT,
    "queue": _TEXT,
    "model": _TEXT,
    "model_fingerprint": _TEXT,
    "gpu": _TEXT,
    "gpu_count": _COUNT,
    "node_count": _COUNT,
    "precision": _TEXT,
    "strategy": _TEXT,
    "per_device_batch_size": _COUNT,
    "requested_memory_bytes": _BYTES,
    "requested_cpu": _NUMBER,
    "requested_gpu_memory_bytes": _BYTES,
    "requested_duration_s": _SECONDS,
    "image": _TEXT,
    "submitted_at": _MOMENT,
    "tool_version": _TEXT,
    **_PREDICTED,
    "peak_memory_bytes": _BYTES,
    "peak_device_bytes": _BYTES,
    "peak_reserved_bytes": _BYTES,
    "peak_allocated_bytes": _BYTES,
    "step_time_s": _SECONDS,
    "throughput_samples_per_s": _NUMBER,
    "duration_s": _SECONDS,
    "used_cpu_s": _SECONDS,
    "gpu_utilization": _NUMBER,
    "status": _TEXT,
    "exit_code": _COUNT,
    "exit_reason": _TEXT,
    "started_at": _MOMENT,
    "finished_at": _MOMENT,
}
_VERSION_3 = {"job_request": _TEXT}
_VERSION_4 = {"gpu_share": _NUMBER}
_VERSION_5: dict[str, Kind] = {}
ADDED: tuple[Mapping[str, Kind], ...] = (_VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5)
"""Columns that each version added, from FIRST on."""

NEWEST = FIRST + len(ADDED) - 1

INDEXED: Mapping[int, Mapping[str, str]] = {
    2: {"updated_at": '("updated_at")', "template": '("template", "finished_at")'},
    5: {"model": '("model", "identifier")'},
}
"""Indexes that a version added, for what is asked: what changed since, the jobs of one template,
the newest jobs of one model."""

_NEEDED = ("created_at", "updated_at", "origin")


def create(table: str, types: Mapping[Kind, str]) -> Iterator[str]:
    """The statements that make the newest version; ``types``: the SQL type of each kind."""
    lines = ['"identifier" ' + types[Kind.TEXT] + " PRIMARY KEY NOT NULL"]
    for version in ADDED:
        lines += [
            f'"{name}" {types[kind]}' + (" NOT NULL" if name in _NEEDED else "")
            for name, kind in version.items()
            if name != "identifier"
        ]
    yield f"CREATE TABLE {table} ({', '.join(lines)})"
    yield from _indexes(table, FIRST)


def upgrade(table: str, version: int, types: Mapping[Kind, str]) -> Iterator[str]:
    """The statements that take ``version`` (FIRST or later) to the newest."""
    for added in ADDED[version - FIRST + 1 :]:
        for name, kind in added.items():
            yield f'ALTER TABLE {table} ADD COLUMN "{name}" {types[kind]}'
    yield from _indexes(table, version + 1)


def _indexes(table: str, first: int) -> Iterator[str]:
    """The statements for the indexes of version ``first`` and later."""
    for version, indexes in INDEXED.items():
        for name, columns in indexes.items() if version >= first else ():
            yield f"CREATE INDEX {table}_{name} ON {table} {columns}"
