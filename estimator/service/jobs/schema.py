"""The tables of the service, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.service.jobs.database import Database

VERSION = 1

_TABLES = (
    """CREATE TABLE IF NOT EXISTS run (
        identifier TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        state TEXT NOT NULL,
        digest TEXT NOT NULL,
        request TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL,
        started DOUBLE PRECISION,
        finished DOUBLE PRECISION,
        worker TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        version INTEGER NOT NULL DEFAULT 1,
        cancel INTEGER NOT NULL DEFAULT 0,
        progress TEXT NOT NULL DEFAULT '{}',
        error TEXT,
        summary TEXT,
        client_key TEXT,
        lease DOUBLE PRECISION
    )""",
    "CREATE UNIQUE INDEX IF NOT EXISTS run_key ON run (owner, client_key)",
    "CREATE INDEX IF NOT EXISTS run_state ON run (state, owner, created)",
    "CREATE INDEX IF NOT EXISTS run_owner ON run (owner, created)",
    "CREATE INDEX IF NOT EXISTS run_started ON run (owner, started)",
    """CREATE TABLE IF NOT EXISTS result (
        digest TEXT NOT NULL,
        language TEXT NOT NULL,
        document {bytes} NOT NULL,
        summary TEXT NOT NULL,
        created DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (digest, language)
    )""",
    """CREATE TABLE IF NOT EXISTS upload (
        digest TEXT PRIMARY KEY,
        content {bytes} NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS audit (
        at DOUBLE PRECISION NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS audit_at ON audit (at)",
    "CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL)",
)


def create(database: Database) -> None:
    """Make the tables that are missing. Raises BadInput for those of a newer version."""
    with database.alone():
        for statement in _statements(database.bytes_type):
            database.write(statement)
        found = database.read("SELECT number FROM version")
        if not found:
            database.write("INSERT INTO version VALUES (?)", (VERSION,))
        elif found[0][0] > VERSION:
            raise BadInput(
                sentence("a newer version of the service wrote the database"),
                where="--database",
                hint="pip install --upgrade paddle-estimate",
            )


def _statements(bytes_type: str) -> Iterator[str]:
    return (statement.replace("{bytes}", bytes_type) for statement in _TABLES)
