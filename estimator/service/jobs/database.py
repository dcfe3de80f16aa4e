"""Two databases behind the few calls that the store makes: SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from estimator.errors import BadInput
from estimator.messages import sentence

BUSY_SECONDS = 30.0
SCHEMA = "paddle_estimate_service"
_LOCK = 0x70657376

Rows = list[tuple[Any, ...]]


class Database(ABC):
    """One connection for each thread. Statements are written with ``?`` for values."""

    bytes_type: str

    def __init__(self) -> None:
        self._local = threading.local()
        self._open: list[Any] = []
        self._lock = threading.Lock()

    def connection(self) -> Any:
        """The connection of the calling thread, made anew where the old one broke."""
        found = getattr(self._local, "connection", None)
        if found is None or self._is_broken(found):
            found = self._local.connection = self._connect()
            with self._lock:
                self._open.append(found)
        return found

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            for connection in self._open:
                connection.close()
            self._open.clear()

    def read(self, statement: str, values: Sequence[Any] = ()) -> Rows:
        """The rows of a query."""
        return list(self._execute(statement, values).fetchall())

    def write(self, statement: str, values: Sequence[Any] = ()) -> int:
        """How many rows a statement changed."""
        return int(self._execute(statement, values).rowcount)

    @abstractmethod
    def alone(self) -> AbstractContextManager[None]:
        """A transaction during which no other one of this kind runs, in no process."""

    @abstractmethod
    def _connect(self) -> Any: ...

    @abstractmethod
    def _is_broken(self, connection: Any) -> bool: ...

    @abstractmethod
    def _execute(self, statement: str, values: Sequence[Any]) -> Any: ...


class Sqlite(Database):
    """A file. Its writers take turns."""

    bytes_type = "BLOB"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path.absolute()  # threads connect later, and then from other folders

    @contextmanager
    def alone(self) -> Iterator[None]:
        connection = self.connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
        except (OSError, sqlite3.Error) as error:
            raise _unusable(str(self.path), error) from error
        self.path.chmod(0o600)
        return connection

    def _is_broken(self, connection: Any) -> bool:
        return False

    def _execute(self, statement: str, values: Sequence[Any]) -> Any:
        return self.connection().execute(statement, values)


class Postgres(Database):
    """A database that several replicas share."""

    bytes_type = "BYTEA"

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self.connection().transaction():
            self._execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
            yield

    def _connect(self) -> Any:
        try:
            import psycopg
        except ImportError:
            hint = "pip install 'paddle-estimate[service]'"
            raise BadInput(sentence("psycopg is not installed"), hint=hint) from None
        options = f"-c search_path={SCHEMA}"
        try:
            connection = psycopg.connect(
                self._url, autocommit=True, options=options, connect_timeout=10
            )
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        except psycopg.Error as error:
            raise _unusable(self._url.rpartition("@")[2], error) from error
        return connection

    def _is_broken(self, connection: Any) -> bool:
        return bool(connection.closed)

    def _execute(self, statement: str, values: Sequence[Any]) -> Any:
        return self.connection().execute(statement.replace("?", "%s"), values)


def open_database(address: str) -> Database:
    """The database of ``postgresql://...``, ``sqlite:///FILE`` or a path."""
    if address.startswith(("postgresql://", "postgres://")):
        return Postgres(address)
    scheme, colon, rest = address.partition("://")
    if colon and scheme != "sqlite":
        what = sentence("'{scheme}' is no kind of database", scheme=scheme)
        raise BadInput(what, where="--database", hint="sqlite:///FILE, postgresql://USER@HOST/NAME")
    return Sqlite(Path(rest.removeprefix("/")) if colon else Path(address))


def _unusable(address: str, error: Exception) -> BadInput:
    said = " ".join(str(error).split())
    what = sentence("the service's database cannot be used: {why}", why=said)
    hint = "--database postgresql://USER@HOST/NAME" if "://" in address else f"ls -l {address}"
    return BadInput(what, where=address, hint=hint)
