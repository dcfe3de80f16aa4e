from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.errors import BadInput
from estimator.records.rows import from_row, to_row
from estimator.records.store import new_identifier, open_store
from estimator.records.types import Happened, JobFacts, JobRecord, Predicted, Submitted
from estimator.values import Bounded, Source
from tests.records.jobs import BARE, FULL, fresh

CHECKOUT = Path(__file__).parents[2]


def python(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    with open_store(tmp_path / "new" / "folder" / "records.sqlite3") as store:
        store.save(FULL)
        store.save(BARE)
        assert store.all() == (FULL, BARE)
        assert store.get(BARE.identifier) == BARE
        assert store.get("nothing") is None
        assert store.count() == 2


def test_missing_is_null_and_not_a_number(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    with open_store(path) as store:
        store.save(BARE)
    connection = sqlite3.connect(path)
    row = connection.execute("SELECT requested_cpu, step_time_s FROM jobs").fetchone()
    connection.close()
    assert row == (None, None)


def test_an_outcome_is_added_to_the_record_of_the_estimate(tmp_path: Path) -> None:
    with open_store(tmp_path / "records.sqlite3") as store:
        store.save(replace(FULL, happened=None))
        store.save(FULL)
        assert store.all() == (FULL,)


def test_a_file_name_that_is_not_utf8_is_kept_readable(tmp_path: Path) -> None:
    facts = replace(FULL.submitted.facts, model=os.fsdecode(b"mod\xff"))
    with open_store(tmp_path / "records.sqlite3") as store:
        store.save(replace(FULL, submitted=Submitted(facts)))
        assert store.all()[0].submitted.facts.model == "mod?"


_STORED = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=20)
_BYTES = st.integers(0, 1 << 50)
_SECONDS = st.floats(1e-9, 1e15)


@st.composite
def _intervals(draw: st.DrawFn) -> Bounded[float]:
    lower, target, upper = sorted(draw(st.tuples(_SECONDS, _SECONDS, _SECONDS)))
    return Bounded(target, lower, upper, draw(st.sampled_from(Source)), draw(_STORED))


_RECORDS = st.builds(
    JobRecord,
    identifier=st.uuids().map(str),
    created_at=st.datetimes(timezones=st.just(UTC)),
    submitted=st.builds(
        Submitted,
        st.builds(
            JobFacts, _STORED, _STORED, _STORED, st.integers(1, 1 << 30), st.integers(1, 4096)
        ),
        memory_bytes=st.none() | _BYTES,
        image=st.none() | _STORED,
    ),
    predicted=st.none() | st.builds(Predicted, _STORED, step_time_s=st.none() | _intervals()),
    happened=st.none() | st.builds(Happened, _BYTES, step_time_s=st.none() | _SECONDS),
)


@given(_RECORDS)
def test_every_record_survives_its_row(record: JobRecord) -> None:
    row = to_row(record)
    assert from_row(row) == record


_SAVE_MANY = """
import sys
from pathlib import Path
from estimator.records.store import open_store
from tests.records.jobs import fresh
for _ in range(int(sys.argv[2])):
    with open_store(Path(sys.argv[1])) as store:
        store.save(fresh())
    print(".", flush=True)
"""


def test_six_runs_save_twenty_records_each_at_once(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    command = python(_SAVE_MANY, path, 20)
    runs = [
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(6)
    ]
    errors = [run.communicate(timeout=60)[1] for run in runs]
    assert errors == [b""] * 6
    with open_store(path) as store:
        assert store.count() == len(store.all()) == 120


@pytest.mark.parametrize("saves", [1, 7, 30])
def test_a_run_killed_while_it_writes_loses_nothing_acknowledged(
    tmp_path: Path, saves: int
) -> None:
    path = tmp_path / "records.sqlite3"
    command = python(_SAVE_MANY, path, 100_000)
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        for _ in range(saves):
            assert run.stdout.readline() == b".\n"
        run.send_signal(signal.SIGKILL)
        acknowledged = saves + len(run.stdout.read().splitlines())
    with open_store(path) as store:
        # one more may have been written before its acknowledgement was
        assert store.count() in (acknowledged, acknowledged + 1)
        store.save(FULL)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    path.write_bytes(b"these are my notes" * 100)
    with pytest.raises(
        BadInput, match=r"(?s)records\.sqlite3: the job records.*try: move"
    ) as raised:
        open_store(path)
    assert "\n" not in raised.value.what
    assert path.read_bytes() == b"these are my notes" * 100


def test_a_damaged_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    with open_store(path) as store:
        for _ in range(200):
            store.save(fresh())
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)  # the pages after the schema
    path.write_bytes(content)
    with open_store(path) as store, pytest.raises(BadInput, match="malformed"):
        store.all()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        "step_time_s = -1",
        "created_at = 'yesterday'",
        "predicted_device_memory_bytes_source = 'guess'",
    ],
)
def test_a_value_no_record_can_have_is_named(tmp_path: Path, change: str) -> None:
    path = tmp_path / "records.sqlite3"
    with open_store(path) as store:
        store.save(FULL)
        connection = sqlite3.connect(path)
        connection.execute(f"UPDATE jobs SET {change}")
        connection.commit()
        connection.close()
        with pytest.raises(BadInput, match=f"job record {FULL.identifier} is damaged"):
            store.all()


def test_records_of_a_newer_version_are_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(BadInput, match="newer version"):
        open_store(path)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="PADDLE_ESTIMATE_HOME"):
        open_store(tmp_path / "file" / "records.sqlite3")


def test_a_path_that_cannot_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unable to open database file"):
        open_store(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(BadInput, match="PADDLE_ESTIMATE_HOME"):
        open_store(tmp_path / "records.sqlite3")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "records.sqlite3"
    with open_store(path) as store:
        store.save(FULL)
    # A limit on the size of a file stops a write as a full disk does.
    limit = (64 << 10, resource.RLIM_INFINITY)
    run = subprocess.run(
        python(_SAVE_MANY, path, 100_000),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )
    assert "BadInput" in run.stderr
    assert "the job records cannot be used" in run.stderr
    with open_store(path) as store:
        assert store.get(FULL.identifier) == FULL
        assert store.count() >= 1 + len(run.stdout.splitlines())


def test_identifiers_are_unique_and_sort_by_time() -> None:
    first = [new_identifier() for _ in range(1000)]
    assert len(set(first)) == 1000
    assert {len(identifier) for identifier in first} == {32}
    stamps = [identifier[:12] for identifier in first]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize("value", [-1.0, 0.0, float("nan"), float("inf"), 1e30])
def test_an_absurd_step_time_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="step_time_s"):
        Happened(step_time_s=value)


@pytest.mark.parametrize("value", [-1, 1 << 51])
def test_an_absurd_memory_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="peak_device_bytes"):
        Happened(peak_device_bytes=value)
    with pytest.raises(ValueError, match="memory_bytes"):
        Submitted(FULL.submitted.facts, memory_bytes=value)


@pytest.mark.parametrize("zone", [None, timezone(timedelta(hours=8))])
def test_a_time_that_is_not_utc_is_refused(zone: timezone | None) -> None:
    with pytest.raises(ValueError, match="UTC"):
        JobRecord("1", datetime(2026, 11, 24, tzinfo=zone), FULL.submitted)


def test_the_module_loads_no_heavy_package() -> None:
    code = "import sys, estimator.records.store as s; print(*sorted(sys.modules))"
    run = subprocess.run(python(code), cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert not {"pandas", "numpy", "sklearn", "pydantic", "yaml"} & set(run.stdout.split())
