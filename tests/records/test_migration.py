"""Files that earlier versions wrote are brought to the newest schema."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from estimator.records.store import open_store
from estimator.records.stores.schema import NEWEST
from estimator.records.types import Happened, JobFacts, Predicted
from tests.records.jobs import BARE, FULL

VERSION_1 = Path(__file__).parent / "data" / "version_1.sqlite3"
"""Written by the code of version 1 itself: FULL, BARE, and one job with every other value."""


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(VERSION_1, tmp_path / "records.sqlite3"))


def test_the_records_of_version_1_are_there_unchanged(old_file: Path) -> None:
    with open_store(old_file) as store:
        full, bare, third = store.all()
        assert (full, bare) == (FULL, BARE)
        assert third.created_at == datetime(2026, 11, 24, 3, 0, 1, 123456, tzinfo=UTC)
        assert third.submitted.facts == JobFacts("训练", "A10", "amp-O1-float16", 8, 4)
        assert third.submitted.model_fingerprint == "abc"
        assert third.submitted.gpu_memory_bytes == 24 << 30
        assert third.predicted == Predicted("0.1.0")
        assert third.happened == Happened(
            peak_memory_bytes=5 << 30,
            status="out_of_memory",
            started_at=datetime(2026, 11, 24, 3, 1, tzinfo=UTC),
            finished_at=datetime(2026, 11, 24, 4, 1, 0, 500000, tzinfo=UTC),
        )
        store.save(replace(BARE, happened=Happened(status="succeeded")))
        assert store.count() == 3


def test_a_date_that_version_1_cannot_have_written_is_made_up_for(old_file: Path) -> None:
    connection = sqlite3.connect(old_file)
    connection.execute("UPDATE jobs SET created_at = 'yesterday'")
    connection.commit()
    connection.close()
    with open_store(old_file) as store:
        # 0x018f00000000 ms, the time in FULL's identifier
        assert store.all()[0].created_at == datetime.fromtimestamp(0x018F00000000 / 1000, UTC)


def test_two_runs_that_meet_an_old_file(old_file: Path) -> None:
    code = "import sys; from estimator.records.store import open_store; open_store(sys.argv[1])"
    runs = [
        subprocess.Popen([sys.executable, "-c", code, old_file], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [run.communicate(timeout=60)[1] for run in runs] == [b""] * 3
    with open_store(old_file) as store:
        assert store.count() == 3


def test_a_migration_that_is_killed_leaves_the_old_file(old_file: Path) -> None:
    connection = sqlite3.connect(old_file)
    for n in range(20_000):
        values = (f"{n:032x}", FULL.created_at.isoformat(), "m", "g", "p", 1, 1)
        connection.execute(
            "INSERT INTO jobs (identifier, created_at, model, gpu, precision, "
            "per_device_batch_size, gpu_count) VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )
    connection.commit()
    connection.close()
    code = (
        "import sys; from estimator.records.store import open_store; print(flush=True);"
        "open_store(sys.argv[1])"
    )
    with subprocess.Popen([sys.executable, "-c", code, old_file], stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(0.05)
        os.kill(run.pid, signal.SIGKILL)
    connection = sqlite3.connect(old_file)
    assert connection.execute("PRAGMA user_version").fetchone()[0] in (1, NEWEST)
    connection.close()
    with open_store(old_file) as store:
        assert store.count() == 20_003
