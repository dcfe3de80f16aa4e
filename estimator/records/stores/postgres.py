"""Job records of a team, in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.columns import BY_NAME, Kind
from estimator.records.rows import from_micros, to_row
from estimator.records.stores import sql
from estimator.records.stores.base import TABLE, Merged, Store, now, unusable
from estimator.records.stores.schema import NEWEST, create, upgrade
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    from estimator.records.stage import Stage

SCHEMA = "paddle_estimate"
"""The tables stand in a schema of their own, beside whatever else the database has."""

SQL_TYPES = {
    Kind.TEXT: "TEXT",
    Kind.BYTES: "BIGINT",
    Kind.COUNT: "BIGINT",
    Kind.SECONDS: "DOUBLE PRECISION",
    Kind.NUMBER: "DOUBLE PRECISION",
    Kind.MOMENT: "TIMESTAMPTZ",
}
_LOCK = 0x70646573
_MOMENTS = [at for at, column in enumerate(BY_NAME.values()) if column.kind is Kind.MOMENT]
_SAVE = sql.fill(TABLE, f"VALUES ({', '.join(f'%({name})s' for name in BY_NAME)})")
_MERGE = sql.fill(TABLE, f"SELECT {sql.names()} FROM staged")
_HINT = sentence("check the address, and that the server runs and lets you in")


class PostgresStore(Store):
    """The job records of one database."""

    def __init__(self, connection: Any, address: str) -> None:
        self._connection = connection
        self.address = address
        self._analysed: Any = None

    def close(self) -> None:
        self._connection.close()

    def save(self, record: JobRecord) -> None:
        with _clear_errors(self.address):
            self._connection.execute(_SAVE, {**to_row(record), "updated_at": now()})

    def merge(self, stage: Stage) -> Merged:
        staged = stage.count()
        with _clear_errors(self.address), self._connection.transaction():
            cursor = self._connection.cursor()
            cursor.execute(f"CREATE TEMP TABLE staged (LIKE {TABLE}) ON COMMIT DROP")
            with cursor.copy(f"COPY staged ({sql.names()}) FROM STDIN") as copy:
                for rows in stage.batches():
                    for row in rows:
                        copy.write_row(_with_moments(row))
            known = f"SELECT count(*) FROM staged JOIN {TABLE} USING (identifier)"
            already = int(cursor.execute(known).fetchone()[0])
            written = cursor.execute(_MERGE).rowcount
        return Merged(staged - already, written - (staged - already), staged - written)

    def remove(self, identifiers: Sequence[str]) -> int:
        statement = f"DELETE FROM {TABLE} WHERE identifier = ANY(%s)"
        with _clear_errors(self.address):
            return int(self._connection.execute(statement, [list(identifiers)]).rowcount)

    def table(self) -> Any:
        import ibis

        if self._analysed is None:
            self._analysed = ibis.postgres.from_connection(self._connection)
        return self._analysed.table(TABLE, database=SCHEMA)


def _with_moments(row: Sequence[Any]) -> list[Any]:
    values = list(row)
    for at in _MOMENTS:
        if values[at] is not None:
            values[at] = from_micros(values[at])
    return values


def open_postgres(url: str) -> PostgresStore:
    """Open the records of a database; the tables are made where they are missing.

    Raises BadInput where the server does not answer or let in, or psycopg is not installed.
    """
    try:
        import psycopg
    except ImportError:
        hint = "pip install 'paddle-estimate[history-postgres]'"
        what = sentence("{name} is not installed", name="psycopg")
        raise BadInput(what, where=_shown(url), hint=hint) from None
    address = _shown(url)
    with _clear_errors(address):
        options = f"-c search_path={SCHEMA} -c timezone=UTC"
        connection = psycopg.connect(url, autocommit=True, options=options, connect_timeout=10)
        try:
            _migrate(connection, address)
        except BaseException:
            connection.close()
            raise
    return PostgresStore(connection, address)


def _shown(url: str) -> str:
    """The address without its password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit((parts.scheme, user + host, parts.path, "", ""))


def _migrate(connection: Any, address: str) -> None:
    """Bring the schema to the newest version; concurrent first runs take turns."""
    if _version(connection) == NEWEST:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        version = _version(connection)
        if version is not None and version > NEWEST:
            raise unusable(
                address, f"written by a newer version (schema {version})", "update this tool"
            )
        if version is None:
            connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
            steps = create(TABLE, SQL_TYPES)
        else:
            steps = upgrade(TABLE, version, SQL_TYPES)
        for statement in steps:
            connection.execute(statement)
        connection.execute("DELETE FROM schema_version")
        connection.execute("INSERT INTO schema_version VALUES (%s)", [NEWEST])


def _version(connection: Any) -> int | None:
    there = connection.execute("SELECT to_regclass(%s)", [f"{SCHEMA}.schema_version"]).fetchone()
    if there[0] is None:
        return None
    return int(connection.execute("SELECT version FROM schema_version").fetchone()[0])


@contextmanager
def _clear_errors(address: str) -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise unusable(address, str(error) or type(error).__name__, _HINT) from error
