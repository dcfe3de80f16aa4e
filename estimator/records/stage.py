"""Where an import gathers its rows before a store sees any: on disk, checked, each once."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.columns import BY_NAME, FACTS, Kind
from estimator.records.reading.problems import Tally
from estimator.records.reading.tables import digest_of
from estimator.records.rows import readable, to_micros, to_row
from estimator.records.stores import sql
from estimator.records.stores.sqlite_schema import SQL_TYPES
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    import pandas as pd

_BATCH = 50_000
SAME_ROW = "the same row as one before it, and no job_id tells them apart: kept as another job"
SAME_JOB = "the same job as one before it: the later values count"


class Stage:
    """The rows of one import, in a file of its own that goes when the import ends.

    ``rows`` has the columns of a store, moments in microseconds; after ``settle`` every
    identifier is there once.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path
        self._now = datetime.now(UTC)

    def add(self, frame: pd.DataFrame, origin: str) -> None:
        """Add rows as ``read_mapped`` gives them.

        The identifier comes from ``identifier`` where the frame has one, else from the job's own
        (``job_id`` and time), else from all cells of the row: the same rows give the same
        identifiers whenever they are read.
        """
        columns = [*_ALWAYS, *(name for name in FACTS if name in frame.columns)]
        known = [name for name in columns if name in frame.columns]
        cells = {name: _plain(frame[name], BY_NAME[name].kind) for name in known}
        own_time = _own_time(frame)
        cells["created_at"] = [to_micros(self._now) if t is None else t for t in own_time]
        cells["identifier"] = _identifiers(frame, cells, own_time, origin)
        cells["updated_at"] = [to_micros(self._now)] * len(frame)
        cells["origin"] = [origin] * len(frame)
        cells.setdefault("problems", [None] * len(frame))
        own = [int(job is None) for job in cells.get("job_id") or [None] * len(frame)]
        places = frame["place"].tolist()
        values = zip(*(cells[name] for name in columns), own, places, strict=True)
        slots = ", ".join("?" * (len(columns) + 2))
        with _clear_errors(self.path):
            self._connection.executemany(
                f"INSERT INTO rows ({sql.names(columns)}, by_row, place) VALUES ({slots})", values
            )

    def settle(self, tally: Tally) -> None:
        """Resolve rows of one identifier, counting them in ``tally``."""
        with _clear_errors(self.path):
            self._connection.execute("COMMIT")
            self._connection.execute("CREATE INDEX by_identifier ON rows (identifier)")
            self._connection.execute("BEGIN")
            self._tell_apart(tally)
            self._keep_last(tally)
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN")

    def count(self) -> int:
        """How many rows there are."""
        with _clear_errors(self.path):
            return int(self._connection.execute("SELECT count(*) FROM rows").fetchone()[0])

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """All rows, with the values of every column of a store in its order."""
        with _clear_errors(self.path):
            cursor = self._connection.execute(f"SELECT {sql.names()} FROM rows")
            while rows := cursor.fetchmany(_BATCH):
                yield rows

    def frames(self) -> Iterator[pd.DataFrame]:
        """All rows in frames, in the types that ``columns`` documents."""
        from estimator.records.stores.frames import to_frame

        for rows in self.batches():
            yield to_frame(rows, tuple(BY_NAME))

    def add_record(self, record: JobRecord) -> None:
        """Add a record that is complete, predictions too."""
        row = {**to_row(record), "updated_at": self._now}
        values = [to_micros(v) if isinstance(v, datetime) else v for v in row.values()]
        slots = ", ".join("?" * (len(values) + 2))
        with _clear_errors(self.path):
            self._connection.execute(
                f"INSERT INTO rows ({sql.names(tuple(row))}, by_row, place) VALUES ({slots})",
                (*values, 0, record.identifier),
            )

    def release(self) -> None:
        """End the transaction, so that another connection can read the file."""
        with _clear_errors(self.path):
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")

    def _tell_apart(self, tally: Tally) -> None:
        """Rows that are equal in every cell and have no job_id are jobs of their own."""
        repeated = self._connection.execute(
            "SELECT position, identifier, place, nth FROM (SELECT position, identifier, place, "
            "by_row, row_number() OVER (PARTITION BY identifier ORDER BY position) AS nth FROM "
            "rows) WHERE by_row = 1 AND nth > 1"
        )
        changed: list[tuple[str, int]] = []
        for position, identifier, place, nth in repeated:
            tally.doubt(SAME_ROW, place)
            changed.append((f"{identifier[:12]}{digest_of([identifier, str(nth)])[:20]}", position))
        self._connection.executemany("UPDATE rows SET identifier = ? WHERE position = ?", changed)

    def _keep_last(self, tally: Tally) -> None:
        """Of several rows of one job, fold what each knows into the last."""
        self._connection.execute(
            f"CREATE TEMP TABLE twice AS SELECT position, place, {sql.names()} FROM rows WHERE "
            "identifier IN (SELECT identifier FROM rows GROUP BY identifier HAVING count(*) > 1) "
            "ORDER BY identifier, position"
        )
        assigned = ", ".join(f'"{name}" = ?' for name in BY_NAME)
        before: tuple[int, list[Any]] | None = None
        for position, place, *values in self._connection.execute("SELECT * FROM twice"):
            if before is not None and before[1][0] == values[0]:
                tally.doubt(SAME_JOB, place)
                pairs = zip(values, before[1], strict=True)
                values = [new if new is not None else old for new, old in pairs]
                self._connection.execute("DELETE FROM rows WHERE position = ?", (before[0],))
                self._connection.execute(
                    f"UPDATE rows SET {assigned} WHERE position = ?", (*values, position)
                )
            before = position, values
        self._connection.execute("DROP TABLE twice")


_ALWAYS = ("identifier", "created_at", "updated_at", "origin", "problems")


@contextmanager
def open_stage(folder: Path | None = None) -> Iterator[Stage]:
    """A stage in a folder, or where temporary files go; gone at the end, also of the process."""
    handle, name = tempfile.mkstemp(prefix=".import-", suffix=".sqlite3", dir=folder)
    os.close(handle)
    path = Path(name)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        with _clear_errors(path):
            for statement in _start():
                connection.execute(statement)
        yield Stage(connection, path)
    finally:
        connection.close()
        with suppress(OSError):
            path.unlink()


def _start() -> Iterator[str]:
    columns = ", ".join(f'"{name}" {SQL_TYPES[column.kind]}' for name, column in BY_NAME.items())
    yield "PRAGMA journal_mode = OFF"
    yield "PRAGMA synchronous = OFF"
    yield f"CREATE TABLE rows (position INTEGER PRIMARY KEY, by_row INTEGER, place TEXT, {columns})"
    yield "BEGIN"


def _own_time(frame: pd.DataFrame) -> list[int | None]:
    """When the job was submitted, or else started or ended, in microseconds."""
    import pandas as pd

    moments = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    for name in ("submitted_at", "started_at", "finished_at"):
        if name in frame:
            moments = moments.fillna(frame[name])
    return _plain(moments, Kind.MOMENT)


def _identifiers(
    frame: pd.DataFrame, cells: dict[str, list[Any]], own_time: list[int | None], origin: str
) -> list[str]:
    """Twelve hex digits of the job's own time and twenty of what tells the job from others.

    Nothing of the import itself is in it, so that the same row has the same identifier again.
    """
    job_ids = cells.get("job_id") or [None] * len(frame)
    submitted = cells.get("submitted_at") or own_time
    given = cells.get("identifier") or [None] * len(frame)
    rows = zip(given, job_ids, submitted, own_time, frame["digest"].tolist(), strict=True)
    return [
        identifier or f"{(time or 0) // 1000:012x}{_digest(origin, job, moment, row)}"
        for identifier, job, moment, time, row in rows
    ]


def _digest(origin: str, job: str | None, moment: int | None, row: str) -> str:
    parts = [origin, row] if job is None else [origin, job, str(moment)]
    return digest_of(parts)[:20]


def _plain(values: pd.Series[Any], kind: Kind) -> list[Any]:
    """A column as SQLite stores it: text, int, float or None."""
    if kind is Kind.MOMENT:
        micros = values.astype("datetime64[us, UTC]").astype("int64")
        return micros.astype(object).where(values.notna(), None).tolist()
    if kind is Kind.TEXT:
        texts = values.where(values.notna(), None).tolist()
        return [None if text is None else readable(text) for text in texts]
    if kind in (Kind.BYTES, Kind.COUNT):
        known = values.notna()
        whole = values.where(known, 0).round().astype("int64").astype(object)
        return whole.where(known, None).tolist()
    return values.astype(object).where(values.notna(), None).tolist()


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BadInput(
            sentence("the rows of the import cannot be kept: {why}", why=str(error)),
            where=str(path),
            hint=sentence(
                "nothing was imported; free some space, or set TMPDIR to a folder on another disk"
            ),
        ) from error
