"""Files that grow while they are followed, in a process of its own as a sidecar is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from estimator.paths import HOME_VARIABLE
from estimator.records.store import open_store

FOLLOW = """
import sys
from pathlib import Path
import estimator.records.following as following
following.follow.__defaults__ = (0.05,)
from estimator.cli import main
sys.exit(main(["history", "import", "train.log", "--format", "paddle-log", "--follow"]))
"""
LINE = "epoch 1 batch_cost: {cost} s, ips: 10, max_mem_reserved: 100 MB, max_mem_allocated: 90 MB\n"


def wait_until(what) -> None:
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_log_is_taken_when_it_appears_when_it_grows_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: signal.Signals
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", FOLLOW], cwd=tmp_path, env=environment)
    log = tmp_path / "train.log"

    def step_time() -> float | None:
        with open_store() as store:
            jobs = store.all()
        assert len(jobs) <= 1
        return jobs[0].happened.step_time_s if jobs and jobs[0].happened else None

    try:
        time.sleep(0.2)
        assert process.poll() is None  # a file that is not there yet is waited for
        log.write_text(LINE.format(cost=0.5))
        wait_until(lambda: step_time() == 0.5)
        with log.open("a") as file:
            file.write(LINE.format(cost=0.3) * 3)
        wait_until(lambda: step_time() == 0.3)  # the first line of a log is not counted then
        with log.open("a") as file:
            file.write(LINE.format(cost=0.2) * 9)
        process.send_signal(end)
        assert process.wait(60) == 0
        assert step_time() == 0.2
    finally:
        process.kill()
        process.wait()
