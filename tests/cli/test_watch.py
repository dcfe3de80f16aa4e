from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from estimator.records.store import open_store
from estimator.records.types import JobRecord
from tests.records.jobs import BARE

PROGRAM = [sys.executable, "-m", "estimator", "watch", "--", sys.executable, "-c"]
LINE = "batch_cost: 0.5, ips: 2, max_mem_reserved: 100 MB, max_mem_allocated: 90 MB"


def watched(
    home: Path, code: str, **more: str
) -> tuple[subprocess.CompletedProcess[bytes], JobRecord]:
    environment = {**os.environ, "PADDLE_ESTIMATE_HOME": str(home), **more}
    environment.pop("PADDLE_ESTIMATE_STORE", None)
    run = subprocess.run([*PROGRAM, code], capture_output=True, env=environment, timeout=60)
    with open_store(home / "data" / "records.sqlite3") as store:
        (record,) = store.all()
    return run, record


def test_prediction_and_outcome_meet_in_one_record(tmp_path: Path) -> None:
    with open_store(tmp_path / "data" / "records.sqlite3") as store:
        store.save(BARE)
    code = (
        "import sys, time; kept = bytearray(200 << 20); "
        f"sys.stdout.buffer.write(b'\\xff {LINE}\\r\\n'); print('to stderr', file=sys.stderr); "
        "time.sleep(1.2)"
    )
    run, record = watched(tmp_path, code, PADDLE_ESTIMATE_ID=BARE.identifier)
    assert run.returncode == 0
    assert run.stdout == b"\xff " + LINE.encode() + b"\r\n"
    assert run.stderr == b"to stderr\n"
    assert record.identifier == BARE.identifier
    assert record.submitted == BARE.submitted
    happened = record.happened
    assert happened is not None
    assert (happened.status, happened.exit_code, happened.step_time_s) == ("succeeded", 0, 0.5)
    assert happened.peak_reserved_bytes == 100 << 20
    assert happened.peak_memory_bytes is not None
    # 200 MiB held, and an interpreter of at most 200 more
    assert 200 << 20 <= happened.peak_memory_bytes < 400 << 20
    assert happened.duration_s is not None
    assert happened.duration_s >= 1.2


@pytest.mark.parametrize(
    ("code", "exit_code", "status"),
    [
        ("raise SystemExit(3)", 3, "failed"),
        ("print('ResourceExhaustedError: Out of memory error on GPU 0'); 1/0", 1, "out_of_memory"),
        ("import os; os.kill(os.getpid(), 9)", 137, "killed"),
    ],
)
def test_what_goes_wrong_is_remembered_too(
    tmp_path: Path, code: str, exit_code: int, status: str
) -> None:
    run, record = watched(tmp_path, code)
    assert run.returncode == exit_code
    assert record.origin == "watch"
    assert record.happened is not None
    assert (record.happened.exit_code, record.happened.status) == (exit_code, status)


def test_a_signal_reaches_the_command(tmp_path: Path) -> None:
    environment = {**os.environ, "PADDLE_ESTIMATE_HOME": str(tmp_path)}
    code = "import time; print('ready', flush=True); time.sleep(60)"
    with subprocess.Popen([*PROGRAM, code], stdout=subprocess.PIPE, env=environment) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=30) == 128 + signal.SIGTERM
    with open_store(tmp_path / "data" / "records.sqlite3") as store:
        (record,) = store.all()
    assert record.happened is not None
    assert (record.happened.status, record.happened.exit_reason) == ("cancelled", "SIGTERM")


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    environment = {**os.environ, "PADDLE_ESTIMATE_HOME": str(tmp_path)}
    words = [sys.executable, "-m", "estimator", "watch", "--", "no-such-command"]
    run = subprocess.run(words, capture_output=True, env=environment, timeout=60)
    assert run.returncode == 2
    assert b"cannot run 'no-such-command'" in run.stderr
