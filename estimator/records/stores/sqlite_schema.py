"""The schema of an SQLite file of job records: made, recognised, brought to the newest version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from estimator.records.columns import Kind
from estimator.records.rows import to_micros
from estimator.records.stores.base import TABLE, unusable
from estimator.records.stores.schema import FIRST, NEWEST, create, upgrade

APPLICATION_ID = 0x70646573
"""Marks the file as ours (``PRAGMA application_id``): the letters pdes."""

SQL_TYPES = {
    Kind.TEXT: "TEXT",
    Kind.BYTES: "INTEGER",
    Kind.COUNT: "INTEGER",
    Kind.SECONDS: "REAL",
    Kind.NUMBER: "REAL",
    Kind.MOMENT: "INTEGER",
}
"""A moment is microseconds since 1970 in UTC: exact, and it sorts."""

_OTHER_HINT = "set PADDLE_ESTIMATE_HOME to a folder you can write to"

_SAME = (
    *("identifier", "model", "gpu", "precision", "per_device_batch_size", "gpu_count"),
    *("template", "user", "tool_version"),
    *("requested_memory_bytes", "requested_cpu", "requested_gpu_memory_bytes"),
)
_OUTCOME = (
    *("peak_device_bytes", "peak_reserved_bytes", "peak_allocated_bytes", "step_time_s"),
    *("throughput_samples_per_s", "duration_s", "status", "exit_reason"),
)
_RENAMED = {
    "team": "requested_team",
    "image": "requested_image",
    "model_fingerprint": "requested_model_fingerprint",
    **{
        f"{stage}_{new}_{part}": f"{stage}_{old}_{part}"
        for stage in ("predicted", "prior")
        for new, old in (("device_memory_bytes", "memory"), ("step_time_s", "step_time"))
        for part in ("target", "lower", "upper", "source", "reason")
    },
    **{name: f"actual_{name}" for name in _OUTCOME},
    "peak_memory_bytes": "actual_peak_host_bytes",
}
_FROM_VERSION_1 = {
    **{name: f'"{name}"' for name in _SAME},
    **{new: f'"{old}"' for new, old in _RENAMED.items()},
    "created_at": "coalesce(micros(created_at), micros_of(identifier), 0)",
    "updated_at": "coalesce(micros(created_at), micros_of(identifier), 0)",
    "origin": "'estimate'",
    "started_at": "micros(actual_started_at)",
    "finished_at": "micros(actual_ended_at)",
}
"""Expression on the old table by column of version 2."""


def refuse_other_programs(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BadInput for a database with tables that this program did not make."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    # asked second: another run that makes the tables just now marks the file with them
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and mark != APPLICATION_ID:
        raise unusable(str(path), "it is the database of another program", _OTHER_HINT)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to the newest version; concurrent first runs take turns.

    All of it or nothing: a run that dies leaves the version that was there.
    """
    if _version(connection) == NEWEST:
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version > NEWEST:
        raise unusable(
            str(path), f"written by a newer version (schema {version})", "update this tool"
        )
    for statement in _statements(connection, version):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {NEWEST}")
    connection.execute("COMMIT")


def _statements(connection: sqlite3.Connection, version: int) -> Iterator[str]:
    if version >= FIRST:
        yield from upgrade(TABLE, version, SQL_TYPES)
        return
    if version == 1:
        yield f"ALTER TABLE {TABLE} RENAME TO version_1"
    yield from create(TABLE, SQL_TYPES)
    if version == 1:
        connection.create_function("micros", 1, _micros, deterministic=True)
        connection.create_function("micros_of", 1, _micros_of, deterministic=True)
        names = ", ".join(f'"{name}"' for name in _FROM_VERSION_1)
        values = ", ".join(_FROM_VERSION_1.values())
        yield f"INSERT INTO {TABLE} ({names}) SELECT {values} FROM version_1"
        yield "DROP TABLE version_1"


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _micros(text: str | None) -> int | None:
    """Version 1 wrote dates as ISO 8601 in UTC; what is no date is lost."""
    with suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(text or "")
        return to_micros(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    return None


def _micros_of(identifier: str) -> int | None:
    """An identifier begins with the milliseconds of its making, in hex."""
    with suppress(TypeError, ValueError):
        return int(identifier[:12], 16) * 1000
    return None
