"""Job records in an embedded database, safe under concurrent runs and sudden death."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from estimator.errors import BadInput
from estimator.records.rows import COLUMNS, from_row, to_row
from estimator.records.types import JobRecord

BUSY_SECONDS = 10.0
"""How long one run waits for another's write; a write takes milliseconds."""

_APPLICATION_ID = 0x70646573
"""Marks the file as ours (``PRAGMA application_id``): the letters pdes."""

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "9p"}

_MIGRATIONS = (
    f"CREATE TABLE jobs ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})",
)
"""Statement ``n`` takes the schema from version ``n`` to ``n + 1``. Add; never edit one."""

_SAVE = (
    f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{name}' for name in COLUMNS)}) "
    f"ON CONFLICT (identifier) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in COLUMNS if name != 'identifier')}"
)
_HINTS = {
    "SQLITE_NOTADB": "move the file away; a new one is made on the next run",
    "SQLITE_CORRUPT": "move the file away; a new one is made on the next run",
    "SQLITE_FULL": "free some space, or set PADDLE_ESTIMATE_HOME to a folder on another disk",
    "SQLITE_BUSY": "run again when the other run has ended",
}
_OTHER_HINT = "set PADDLE_ESTIMATE_HOME to a folder you can write to"


class RecordStore:
    """The job records of one file; made by :func:`open_store`, closed by ``with``."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def save(self, record: JobRecord) -> None:
        """Write a record; one of the same identifier is replaced. All of it or nothing."""
        with _clear_errors(self._path):
            self._connection.execute(_SAVE, to_row(record))

    def all(self) -> tuple[JobRecord, ...]:
        """Every record, oldest first."""
        return self._select("SELECT * FROM jobs ORDER BY identifier")

    def get(self, identifier: str) -> JobRecord | None:
        """The record of this identifier, None where there is none."""
        found = self._select("SELECT * FROM jobs WHERE identifier = ?", identifier)
        return found[0] if found else None

    def count(self) -> int:
        """How many records there are."""
        with _clear_errors(self._path):
            return int(self._connection.execute("SELECT count(*) FROM jobs").fetchone()[0])

    def _select(self, query: str, *values: str) -> tuple[JobRecord, ...]:
        with _clear_errors(self._path):
            rows = self._connection.execute(query, values).fetchall()
        return tuple(self._record(row) for row in rows)

    def _record(self, row: sqlite3.Row) -> JobRecord:
        try:
            return from_row(row)
        except (TypeError, ValueError) as error:
            raise BadInput(
                f"the job record {row['identifier']} is damaged: {error}",
                where=str(self._path),
                hint="delete this row of the table jobs",
            ) from error


def open_store(path: Path) -> RecordStore:
    """Open the records at ``path``; the file and its folder are made where they are missing.

    Raises BadInput where the folder or the file cannot be written, the file is no database or
    a damaged one (it is left as it is), a newer version wrote it, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error), _OTHER_HINT) from error
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            _refuse_other_programs(connection, path)
            if not _on_network(path):
                _write_ahead(connection)
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return RecordStore(connection, path)


def new_identifier() -> str:
    """A unique identifier that sorts by time: 48 bits of milliseconds, 80 random bits, in hex."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{milliseconds:012x}{os.urandom(10).hex()}"


def _refuse_other_programs(connection: sqlite3.Connection, path: Path) -> None:
    """Raise BadInput for a database with tables that this program did not make."""
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    # asked second: another run that makes the tables just now marks the file with them
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    if tables and mark != _APPLICATION_ID:
        raise _unusable(path, "it is the database of another program", _OTHER_HINT)


def _on_network(path: Path) -> bool:
    """Whether the file is on a network file system, as home folders of clusters often are.

    Write-ahead logging shares memory between processes and so needs them on one machine
    (https://sqlite.org/wal.html); there the rollback journal and file locks are used.
    """
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return False
    folder = path.parent.resolve()
    above = [mount for mount in mounts if folder.is_relative_to(_mount_point(mount[1]))]
    nearest = max(above, key=lambda mount: len(_mount_point(mount[1]).parts), default=None)
    return nearest is not None and nearest[2].removeprefix("fuse.") in _NETWORK_FILE_SYSTEMS


def _mount_point(written: str) -> Path:
    """The kernel writes a space as its octal code."""
    return Path(written.replace(r"\040", " "))


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Write-ahead logging: readers and a writer do not stop each other.

    SQLite does not wait its busy time for the very first switch, so this does.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema to the newest version; concurrent first runs take turns."""
    if _version(connection) == len(_MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version > len(_MIGRATIONS):
        raise _unusable(path, f"written by a newer version (schema {version})", "update this tool")
    for statement in _MIGRATIONS[version:]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        primary = "_".join(name.split("_")[:2])
        raise _unusable(path, str(error), _HINTS.get(primary, _OTHER_HINT)) from error


def _unusable(path: Path, problem: str, hint: str) -> BadInput:
    return BadInput(f"the job records cannot be used: {problem}", where=str(path), hint=hint)
