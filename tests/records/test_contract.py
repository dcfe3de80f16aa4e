"""What every store does, on each kind of store there is."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from estimator.errors import BadInput
from estimator.records.columns import BY_NAME
from estimator.records.mapping import parse_mapping, read_mapped
from estimator.records.reading.problems import Tally
from estimator.records.stage import SAME_JOB, SAME_ROW, open_stage
from estimator.records.store import open_store
from estimator.records.stores import query
from estimator.records.stores.base import Merged, Store
from estimator.records.stores.query import Selection
from estimator.records.types import Happened, JobFacts, Submitted
from tests.records.jobs import BARE, FULL, fresh
from tests.records.servers import postgres_programs, postgres_server

Open = Callable[[], Store]


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    pytest.importorskip("psycopg")
    if postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgres_server() as address:
        yield address


@pytest.fixture(scope="session")
def spark_session() -> Iterator[None]:
    """A session without compiled stages, which cost more than they save for a handful of rows."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed, which Spark needs")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
    }
    builder = sql.SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield
    session.stop()


def _address(kind: str, request: pytest.FixtureRequest) -> str:
    if kind == "postgresql":
        import psycopg

        server = request.getfixturevalue("postgres_address")
        name = f"t{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server).replace("/postgres?", f"/{name}?")
    folder: Path = request.getfixturevalue("tmp_path")
    if kind == "spark":
        request.getfixturevalue("spark_session")
        return f"spark:{folder / 'lake'}"
    return f"{kind}:///{folder / 'records'}"


@pytest.fixture(
    params=[
        "sqlite",
        "duckdb",
        pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql")),
        pytest.param(
            "spark",
            marks=[
                pytest.mark.xdist_group("spark"),
                pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets of PySpark's own
            ],
        ),
    ]
)
def reopen(request: pytest.FixtureRequest) -> Iterator[Open]:
    address = _address(request.param, request)
    yield lambda: open_store(address)
    gc.collect()  # while this test's filters hold


def taken(store: Store, path: Path, *pairs: str) -> tuple[Merged, Tally]:
    """Import a table as ``history import`` does."""
    tally = Tally()
    with open_stage() as stage:
        for frame in read_mapped(path, parse_mapping(pairs), tally):
            stage.add(frame, "csv")
        stage.settle(tally)
        return store.merge(stage), tally


def jobs_table(path: Path, count: int, peak: int = 1000) -> Path:
    lines = [f"job{i},{peak + i},2024-01-01T00:{i // 60:02d}:{i % 60:02d}Z" for i in range(count)]
    path.write_text("name,peak,at\n" + "\n".join(lines) + "\n")
    return path


PAIRS = ("job_id=name", "peak_memory=peak", "submitted=at")


def test_what_is_saved_comes_back_and_more_is_learned(reopen: Open) -> None:
    odd = replace(FULL.submitted.facts, template="'; DROP TABLE jobs; --", user='"训练"')
    late = replace(fresh(), submitted=Submitted(odd), happened=None)
    with reopen() as store:
        store.save(replace(FULL, happened=None))
        store.save(late)
    with reopen() as store:
        assert store.get(FULL.identifier) == replace(FULL, happened=None)
        outcome = Happened(peak_memory_bytes=5, status="out_of_memory", exit_code=137)
        bare = JobFacts(None, None, None, None, None)
        store.save(replace(FULL, submitted=Submitted(bare), predicted=None, happened=outcome))
        assert store.all() == (replace(FULL, happened=outcome), late)
        assert store.may_have_outcomes()
        assert store.count() == 2
        assert store.get("nothing") is None
        selection = Selection({"template": "'; DROP TABLE jobs; --"})
        assert query.identifiers(store, selection) == [late.identifier]
        assert store.remove([late.identifier, "nothing"]) == 1
        assert store.count() == 1


def test_an_import_adds_changes_and_repeats_nothing(reopen: Open, tmp_path: Path) -> None:
    path = jobs_table(tmp_path / "jobs.csv", 30)
    with reopen() as store:
        assert taken(store, path, *PAIRS)[0] == Merged(30, 0, 0)
        assert taken(store, path, *PAIRS)[0] == Merged(0, 0, 30)
        # three jobs more; and the first thirty now say another peak
        assert taken(store, jobs_table(path, 33, peak=2000), *PAIRS)[0] == Merged(3, 30, 0)
        first, *_, last = store.all()
        assert first.submitted.job_id == "job0"
        assert first.happened == Happened(peak_memory_bytes=2000)
        assert first.submitted.submitted_at == datetime(2024, 1, 1, tzinfo=UTC)
        assert first.origin == "csv"
        assert last.submitted.job_id == "job32"


def test_rows_that_repeat_within_a_file(tmp_path: Path) -> None:
    reopen = partial(open_store, tmp_path / "records.sqlite3")
    path = tmp_path / "jobs.csv"
    path.write_text("name,peak,at\na,1,2024-01-01\na,1,2024-01-01\nb,2,2024-01-01\n")
    with reopen() as store:
        merged, tally = taken(store, path, "template=name", "peak_memory=peak", "submitted=at")
        assert merged == Merged(3, 0, 0)
        assert tally.doubtful[SAME_ROW].places == ["jobs.csv:3"]
        again, _ = taken(store, path, "template=name", "peak_memory=peak", "submitted=at")
        assert again == Merged(0, 0, 3)
        path.write_text("name,peak,at\na,1,2024-01-01\na,,2024-01-01\na,7,2024-01-01\n")
        merged, tally = taken(store, path, *PAIRS)
        assert merged == Merged(1, 0, 0)
        assert tally.doubtful[SAME_JOB].count == 2


def test_columns_come_in_frames(reopen: Open, tmp_path: Path) -> None:
    columns = ["template", "peak_memory_bytes", "prior_step_time_s_upper", "created_at"]
    with reopen() as store:
        assert list(store.batches(columns)) == []
        store.save(FULL)
        store.save(BARE)
        between = datetime.now(UTC)
        taken(store, jobs_table(tmp_path / "jobs.csv", 5), *PAIRS)
        frame = pd.concat(store.batches([*columns, "job_id"]), ignore_index=True)
        assert list(frame) == [*columns, "job_id"]
        assert len(frame) == 7
        assert frame.dtypes.astype(str).tolist() == [
            "object",
            "float64",
            "float64",
            "datetime64[us, UTC]",
            "object",
        ]
        assert sorted(frame["peak_memory_bytes"].dropna()) == [1000, 1001, 1002, 1003, 1004]
        assert frame.loc[frame["template"].notna(), "created_at"].unique().tolist() == [
            pd.Timestamp(FULL.created_at)
        ]
        changed = pd.concat(store.batches(["job_id"], since=between))
        assert sorted(changed["job_id"]) == [f"job{i}" for i in range(5)]


def test_questions_have_the_same_answer(reopen: Open, tmp_path: Path) -> None:
    happened = Happened(status="out_of_memory", duration_s=7200.0, peak_memory_bytes=32 << 30)
    with reopen() as store:
        store.save(replace(FULL, happened=happened))
        store.save(replace(fresh(), happened=replace(happened, status="succeeded")))
        taken(store, jobs_table(tmp_path / "jobs.csv", 3), *PAIRS)
        stats = query.statistics(store, query.EVERYTHING, "user")
        assert stats["records"].tolist() == [2, 3]
        assert stats["user"].tolist()[0] == "mei"
        assert stats["out_of_memory"].tolist() == [1, 0]
        assert stats["with_outcome"].tolist() == [2, 0]
        assert stats["predicted"].tolist() == [2, 0]
        # 2 jobs x 1 GPU x 2 h
        assert stats["gpu_hours"][0] == 4.0
        # 32 of 64 GiB
        assert stats["memory_used"][0] == 0.5
        since = FULL.created_at - timedelta(days=1)
        assert len(query.identifiers(store, Selection(since=since))) == 2
        assert len(query.identifiers(store, Selection(before=since))) == 3
        newest = query.newest(store, query.EVERYTHING, ["job_id", "user"], 2)
        assert newest["user"].tolist() == ["mei", "mei"]


@pytest.mark.parametrize("address", ["mysql://x/y", "sqlite://host/x", "duckdb:///", "spark:"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(BadInput):
        open_store(address)


def test_a_server_that_is_not_there() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(BadInput, match="cannot be used") as raised:
        open_store("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(raised.value)


def test_what_the_import_cannot_write_is_not_half_there(
    reopen: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reopen() as store:
        store.save(FULL)
        with open_stage() as stage:
            for frame in read_mapped(jobs_table(tmp_path / "j.csv", 50), parse_mapping(PAIRS)):
                stage.add(frame, "csv")
            stage.settle(Tally())
            monkeypatch.setattr(stage, "frames", _breaks(stage.frames))
            monkeypatch.setattr(stage, "batches", _breaks(stage.batches))
            if "sqlite" in type(store).__module__:
                monkeypatch.setattr(stage, "path", tmp_path / "absent" / "stage")
            with pytest.raises((BadInput, KeyError)):
                store.merge(stage)
    with reopen() as store:
        assert store.all() == (FULL,)


def _breaks(parts: Callable[[], Iterator[Any]]) -> Callable[[], Iterator[Any]]:
    """The same parts, and then a failure: as a full disk or a lost line would have it."""

    def broken() -> Iterator[Any]:
        yield from parts()
        raise KeyError("the rest")

    return broken


def test_every_column_is_part_of_a_version() -> None:
    from estimator.records.stores.schema import ADDED

    versions = {name: kind for version in ADDED for name, kind in version.items()}
    assert versions == {name: column.kind for name, column in BY_NAME.items()}
