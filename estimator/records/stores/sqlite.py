"""Job records in an embedded database, safe under concurrent runs and sudden death."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.messages import sentence
from estimator.records.columns import BY_NAME, OUTCOME
from estimator.records.rows import to_micros, to_row
from estimator.records.stores import sql
from estimator.records.stores.base import BATCH_ROWS, TABLE, Merged, Store, now, unusable
from estimator.records.stores.sqlite_schema import migrate, refuse_other_programs
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    import pandas as pd

    from estimator.records.stage import Stage

BUSY_SECONDS = 30.0
"""How long one run waits for another's write: of a record milliseconds, of an import seconds."""

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "lustre", "gpfs", "beegfs", "ceph", "9p"}
_DIFFERS = "IS NOT"
"""SQLite has IS DISTINCT FROM only since 3.39, and this always."""
_SAVE = sql.fill(TABLE, f"VALUES ({', '.join(f':{name}' for name in BY_NAME)})", _DIFFERS)
_MERGE = sql.fill(TABLE, f"SELECT {sql.names()} FROM staged.rows WHERE true", _DIFFERS)
_HINTS = {
    "SQLITE_NOTADB": sentence("move the file away; a new one is made on the next run"),
    "SQLITE_CORRUPT": sentence("move the file away; a new one is made on the next run"),
    "SQLITE_FULL": sentence(
        "free some space, or set PADDLE_ESTIMATE_HOME to a folder on another disk"
    ),
    "SQLITE_BUSY": sentence("run again when the other run has ended"),
}
_OTHER_HINT = sentence("set PADDLE_ESTIMATE_HOME to a folder you can write to")


class SqliteStore(Store):
    """The job records of one file."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self.address = str(path)
        self._analysed: Any = None

    def close(self) -> None:
        if self._analysed is not None:
            self._analysed.disconnect()
        self._connection.close()

    def save(self, record: JobRecord) -> None:
        row = {**to_row(record), "updated_at": now()}
        with _clear_errors(self.path):
            self._connection.execute(_SAVE, {k: _encoded(v) for k, v in row.items()})

    def merge(self, stage: Stage) -> Merged:
        staged, before = stage.count(), self.count()
        stage.release()
        with _clear_errors(self.path):
            self._connection.execute("ATTACH DATABASE ? AS staged", (str(stage.path),))
            try:
                written = self._merged()
            finally:
                self._connection.execute("DETACH DATABASE staged")
        added = self.count() - before
        return Merged(added, written - added, staged - written)

    def _merged(self) -> int:
        with _transaction(self._connection):
            return self._connection.execute(_MERGE).rowcount

    def remove(self, identifiers: Sequence[str]) -> int:
        with _clear_errors(self.path), _transaction(self._connection):
            statement = f"DELETE FROM {TABLE} WHERE identifier = ?"
            keys = [(identifier,) for identifier in identifiers]
            return self._connection.executemany(statement, keys).rowcount

    def count(self) -> int:
        with _clear_errors(self.path):
            return int(self._connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])

    def may_have_outcomes(self) -> bool:
        """As in Store, and always known: of who only asks, every record is an estimate."""
        told = " OR ".join(f"{name} IS NOT NULL" for name in OUTCOME)
        query = f"SELECT EXISTS (SELECT 1 FROM {TABLE} WHERE {told})"
        with _clear_errors(self.path):
            return bool(self._connection.execute(query).fetchone()[0])

    def rows(self, identifier: str | None = None) -> Iterator[dict[str, Any]]:
        only = "" if identifier is None else "WHERE identifier = ?"
        keys = () if identifier is None else (identifier,)
        query = f"SELECT {sql.names()} FROM {TABLE} {only} ORDER BY identifier"
        with _clear_errors(self.path):
            for row in self._connection.execute(query, keys):
                yield dict(zip(BY_NAME, row, strict=True))

    def batches(
        self, columns: Sequence[str], since: datetime | None = None
    ) -> Iterator[pd.DataFrame]:
        """As in Store; without ibis, so that the main command starts quickly."""
        from estimator.records.stores.frames import to_frame

        only = "" if since is None else "WHERE updated_at >= ?"
        keys = () if since is None else (to_micros(since),)
        query = f"SELECT {sql.names(columns)} FROM {TABLE} {only}"
        with _clear_errors(self.path):
            cursor = self._connection.execute(query, keys)
            while rows := cursor.fetchmany(BATCH_ROWS):
                yield to_frame(rows, columns)

    def table(self) -> Any:
        import ibis

        if self._analysed is None:
            self._analysed = ibis.sqlite.connect(self.path)
        return self._analysed.table(TABLE)


def _encoded(value: Any) -> Any:
    return to_micros(value) if isinstance(value, datetime) else value


def open_sqlite(path: Path) -> SqliteStore:
    """Open the records at ``path``; the file and its folder are made where they are missing.

    Raises BadInput where the folder or the file cannot be written, the file is no database or
    a damaged one (it is left as it is), a newer version wrote it, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(str(path), error.strerror or str(error), _OTHER_HINT) from error
    with _clear_errors(path):
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            refuse_other_programs(connection, path)
            if not _on_network(path):
                _write_ahead(connection)
            migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return SqliteStore(connection, path)


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


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", None) or ""
        primary = "_".join(name.split("_")[:2])
        raise unusable(str(path), str(error), _HINTS.get(primary, _OTHER_HINT)) from error
