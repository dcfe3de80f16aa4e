"""Job records in a data lake: Parquet files in a folder that Spark reads and writes.

Nothing is changed in place. Every write adds a folder of rows, complete or not at all; a later row
of an identifier adds what it knows to the earlier ones, and a row that is marked as removed takes
away all before it. So any number of writers can add at once, and any engine can read the files.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.columns import BY_NAME, Kind
from estimator.records.rows import from_micros, to_row
from estimator.records.stores import sql
from estimator.records.stores.base import BATCH_ROWS, TABLE, Merged, Store, now, unusable
from estimator.records.types import JobRecord

if TYPE_CHECKING:
    from estimator.records.stage import Stage

SQL_TYPES = {
    Kind.TEXT: "STRING",
    Kind.BYTES: "BIGINT",
    Kind.COUNT: "BIGINT",
    Kind.SECONDS: "DOUBLE",
    Kind.NUMBER: "DOUBLE",
    Kind.MOMENT: "TIMESTAMP",
}
_BATCH = "batch-*"
"""Folders of rows that are complete; one that is being written has another name."""
_VERSION = "written_at"
_REMOVED = "removed"
_SCHEMA = ", ".join(
    [f"`{name}` {SQL_TYPES[column.kind]}" for name, column in BY_NAME.items()]
    + [f"`{_VERSION}` BIGINT", f"`{_REMOVED}` BOOLEAN"]
)
_HINT = sentence(
    "see that the folder can be written to, and that SPARK_HOME or JAVA_HOME are right"
)
_EMBEDDED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
"""Settings of a session that we start ourselves; one that is there already is used as it is."""


class SparkStore(Store):
    """The job records below one folder that Spark can reach."""

    def __init__(self, session: Any, folder: str) -> None:
        self._session = session
        self._folder = folder
        self.address = f"spark:{folder}"

    def close(self) -> None:
        """The session stays: starting one takes seconds, and it ends with the process."""

    def save(self, record: JobRecord) -> None:
        row = {**to_row(record), "updated_at": now()}
        with self._clear_errors():
            self._write(self._rows([tuple(row[name] for name in BY_NAME)]))

    def merge(self, stage: Stage) -> Merged:
        from pyspark.sql import functions as f

        staged = stage.count()
        with self._clear_errors():
            new, old = self._staged(stage).alias("new"), self._current().alias("old")
            joined = new.join(old, f.col("new.identifier") == f.col("old.identifier"), "left")
            is_new = f.col("old.identifier").isNull()
            rows = joined.filter(is_new | _tells_more()).select("new.*", is_new.alias("is_new"))
            rows = rows.persist()
            try:
                counts = dict(rows.groupBy("is_new").count().collect())
                if counts:
                    self._write(rows.drop("is_new"))
            finally:
                rows.unpersist()
        added, changed = counts.get(True, 0), counts.get(False, 0)
        return Merged(added, changed, staged - added - changed)

    def remove(self, identifiers: Sequence[str]) -> int:
        from pyspark.sql import functions as f

        with self._clear_errors():
            there = self._current().filter(f.col("identifier").isin(*identifiers))
            known = [row[0] for row in there.select("identifier").collect()] if identifiers else []
            if known:
                empty = [None] * (len(BY_NAME) - 1)
                self._write(self._rows([(name, *empty) for name in known]), removed=True)
        return len(known)

    def table(self) -> Any:
        import ibis

        with self._clear_errors():
            self._current().createOrReplaceTempView(TABLE)
            return ibis.pyspark.connect(self._session).table(TABLE)

    def read(self, expression: Any) -> Iterator[Any]:
        """By Spark's own hand: ibis goes through pandas, over whose version 3 PySpark 4.0 trips."""
        import ibis

        statement = str(ibis.to_sql(expression, dialect="pyspark"))
        with self._clear_errors():
            yield from self._session.sql(statement).toArrow().to_batches(BATCH_ROWS)

    def _rows(self, rows: list[tuple[Any, ...]]) -> Any:
        """Rows with the columns of a record as a Spark frame."""
        columns = ", ".join(f"`{name}` {SQL_TYPES[c.kind]}" for name, c in BY_NAME.items())
        return self._session.createDataFrame(rows, columns)

    def _staged(self, stage: Stage) -> Any:
        batches = (self._rows(list(map(_with_moments, rows))) for rows in stage.batches())
        return reduce(lambda whole, batch: whole.union(batch), batches, self._rows([]))

    def _current(self) -> Any:
        """One row for each record, put together from all that was written of it."""
        from pyspark.sql import functions as f
        from pyspark.sql.window import Window

        of_one = Window.partitionBy("identifier")
        gone = f.max(f.when(f.col(_REMOVED), f.col(_VERSION))).over(of_one)
        alive = (
            self._written()
            .withColumn("gone", gone)
            .filter((f.col("gone").isNull() | (f.col(_VERSION) > f.col("gone"))) & ~f.col(_REMOVED))
        )
        values = [_value(name).alias(name) for name in BY_NAME if name != "identifier"]
        return alive.groupBy("identifier").agg(*values).select(*BY_NAME)

    def _written(self) -> Any:
        pattern = f"{self._folder}/{_BATCH}"
        if not self._files(pattern):
            return self._session.createDataFrame([], _SCHEMA)
        return self._session.read.schema(_SCHEMA).parquet(pattern)

    def _write(self, rows: Any, *, removed: bool = False) -> None:
        """Add rows: written beside, then renamed, so that readers see all of them or none."""
        from pyspark.sql import functions as f

        beside = f"{self._folder}/writing-{uuid4().hex}"
        marked = rows.withColumn(_VERSION, f.lit(time.time_ns())).withColumn(
            _REMOVED, f.lit(removed)
        )
        marked.write.parquet(beside)
        self._rename(beside, f"{self._folder}/batch-{uuid4().hex}")

    def _files(self, pattern: str) -> bool:
        found = self._file_system().globStatus(self._path(pattern))
        return bool(found)

    def _rename(self, old: str, new: str) -> None:
        if not self._file_system().rename(self._path(old), self._path(new)):
            raise unusable(self.address, f"{old} could not be renamed", _HINT)

    def _path(self, name: str) -> Any:
        return self._session._jvm.org.apache.hadoop.fs.Path(name)

    def _file_system(self) -> Any:
        settings = self._session._jsc.hadoopConfiguration()
        return self._path(self._folder).getFileSystem(settings)

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        try:
            yield
        except (PySparkException, Py4JError) as error:
            raise unusable(self.address, str(error).splitlines()[0], _HINT) from error


def _value(name: str) -> Any:
    """The last value of a column that is known; of what stays as it was, the first."""
    from pyspark.sql import functions as f

    column, version = f.col(name), f.col(_VERSION)
    if name in sql.KEPT:
        return f.min_by(column, version)
    return f.max_by(column, f.when(column.isNotNull(), version))


def _tells_more() -> Any:
    """Whether the new row knows something that the old one did not, or says it differently."""
    from pyspark.sql import functions as f

    told = f.lit(False)
    for name in BY_NAME:
        if name not in (*sql.KEPT, "updated_at"):
            new, old = f.col(f"new.{name}"), f.col(f"old.{name}")
            told = told | (new.isNotNull() & ~new.eqNullSafe(old))
    return told


_MOMENTS = tuple(column.kind is Kind.MOMENT for column in BY_NAME.values())


def _with_moments(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A staged row, whose moments are microseconds, with the values that Spark knows."""
    return tuple(
        from_micros(value) if is_moment and value is not None else value
        for value, is_moment in zip(row, _MOMENTS, strict=True)
    )


def open_spark(folder: str) -> SparkStore:
    """Open the records below a folder that Spark can reach; made with the first record.

    Raises BadInput where Spark or Java is not installed, or the session cannot be started.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        hint = "pip install 'paddle-estimate[history-spark]'"
        what = sentence("{name} is not installed", name="Spark")
        raise BadInput(what, where=f"spark:{folder}", hint=hint) from None
    builder = SparkSession.builder.appName("paddle-estimate")
    for name, value in _EMBEDDED.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        problem = "Spark needs Java 17" if shutil.which("java") is None else str(error)
        raise unusable(f"spark:{folder}", problem, "install a Java runtime, 17 or later") from error
    session.sparkContext.setLogLevel("ERROR")
    return SparkStore(session, folder)
