"""Job records in a DuckDB file: one process at a time, quick to analyse."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.columns import BY_NAME, Kind
from estimator.records.rows import to_row
from estimator.records.stores import sql
from estimator.records.stores.base import BATCH_ROWS, TABLE, Merged, Store, now, unusable
from estimator.records.stores.schema import NEWEST, create, upgrade
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    from estimator.records.stage import Stage

BUSY_SECONDS = 30.0
"""How long one process waits until another lets go of the file."""

SQL_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.BYTES: "BIGINT",
    Kind.COUNT: "BIGINT",
    Kind.SECONDS: "DOUBLE",
    Kind.NUMBER: "DOUBLE",
    Kind.MOMENT: "TIMESTAMP",
}
"""A moment is a TIMESTAMP in UTC: with a zone, DuckDB needs an extension it has to download."""
_HINT = sentence(
    "see that no other program has the file open, and that its folder can be written to"
)
_SAVE = sql.fill(TABLE, f"VALUES ({', '.join('?' * len(BY_NAME))})")


class DuckdbStore(Store):
    """The job records of one DuckDB file, held by this process until it is closed."""

    def __init__(self, connection: Any, path: Path) -> None:
        self._connection = connection
        self.address = str(path)

    def close(self) -> None:
        self._connection.close()

    def save(self, record: JobRecord) -> None:
        row = {**to_row(record), "updated_at": now()}
        with self._transaction():
            self._connection.execute(_SAVE, [_without_zone(row[name]) for name in BY_NAME])

    def merge(self, stage: Stage) -> Merged:
        staged, before = stage.count(), self.count()
        with self._transaction():
            columns = ", ".join(f'"{n}" {SQL_TYPES[c.kind]}' for n, c in BY_NAME.items())
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE staged ({columns})")
            for frame in stage.frames():
                moments = frame.select_dtypes("datetimetz").columns
                plain = {name: frame[name].dt.tz_localize(None) for name in moments}
                self._connection.register("batch", frame.assign(**plain))
                self._connection.execute(f"INSERT INTO staged SELECT {sql.names()} FROM batch")
                self._connection.unregister("batch")
            statement = sql.fill(TABLE, f"SELECT {sql.names()} FROM staged")
            written = int(self._connection.execute(statement).fetchone()[0])
            self._connection.execute("DROP TABLE staged")
        added = self.count() - before
        return Merged(added, written - added, staged - written)

    def remove(self, identifiers: Sequence[str]) -> int:
        with self._transaction():
            statement = f"DELETE FROM {TABLE} WHERE identifier IN (SELECT unnest(?))"
            return int(self._connection.execute(statement, [list(identifiers)]).fetchone()[0])

    def table(self) -> Any:
        import ibis

        return ibis.duckdb.from_connection(self._connection).table(TABLE)

    def read(self, expression: Any) -> Iterator[Any]:
        """By DuckDB's own hand: ibis 12 calls functions that DuckDB 2 no longer has."""
        import ibis

        statement = str(ibis.to_sql(expression, dialect="duckdb"))
        with _clear_errors(self.address):
            yield from self._connection.sql(statement).to_arrow_reader(BATCH_ROWS)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _clear_errors(self.address):
            self._connection.execute("BEGIN")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise


def _without_zone(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def open_duckdb(path: Path) -> DuckdbStore:
    """Open the records at ``path``, made where missing; waits for another process to end."""
    try:
        import duckdb
    except ImportError:
        hint = "pip install 'paddle-estimate[history-duckdb]'"
        what = sentence("{name} is not installed", name="DuckDB")
        raise BadInput(what, where=str(path), hint=hint) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + BUSY_SECONDS
    with _clear_errors(str(path)):
        while True:
            try:
                connection = duckdb.connect(path)
                break
            except duckdb.IOException as error:
                if "lock" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        try:
            _migrate(connection, str(path))
        except BaseException:
            connection.close()
            raise
    return DuckdbStore(connection, path)


def _migrate(connection: Any, address: str) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE IF NOT EXISTS paddle_estimate_schema (version INTEGER)")
    found = connection.execute("SELECT version FROM paddle_estimate_schema").fetchone()
    version = found[0] if found else 0
    if version > NEWEST:
        raise unusable(
            address, f"written by a newer version (schema {version})", "update this tool"
        )
    steps = upgrade(TABLE, version, SQL_TYPES) if found else create(TABLE, SQL_TYPES)
    for statement in steps:
        connection.execute(statement)
    connection.execute("DELETE FROM paddle_estimate_schema")
    connection.execute("INSERT INTO paddle_estimate_schema VALUES (?)", [NEWEST])
    connection.execute("COMMIT")


@contextmanager
def _clear_errors(address: str) -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        raise unusable(address, str(error), _HINT) from error
