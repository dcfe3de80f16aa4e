"""Strangers' code in the real sandbox: each tries one thing; what it got are its last words."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
from contextlib import chdir
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import UserCodeFailed
from estimator.service.sandbox.bubblewrap import find_sandbox
from estimator.service.sandbox.limits import SandboxLimits
from estimator.service.sandbox.slots import Slots, copy_files, remove_left_behind
from estimator.units import GIB, MIB
from estimator.values import Missing
from estimator.workload.types import Workload

HOSTILE = Path(__file__).parents[1] / "hostile"
LIMITS = SandboxLimits(2 * GIB, scratch_bytes=32 * MIB, processes=24)

SANDBOX = find_sandbox(LIMITS)
pytestmark = [
    pytest.mark.paddle,
    pytest.mark.skipif(isinstance(SANDBOX, Missing), reason=f"no sandbox here: {SANDBOX}"),
]


@pytest.fixture(scope="module")
def slots():
    made = Slots(SANDBOX, {})
    yield made
    made.close()


def last_words(slots, name, seconds=60.0, **files):
    """What the model file says at its end, as the user would be told."""
    with slots.take({}) as slot:
        source = (HOSTILE / f"{name}.py").read_bytes()
        contents = {f"{key}.txt": value.encode() for key, value in files.items()}
        copy_files({"model.py": source, **contents}, slot.folder)
        request = DryStepRequest(
            Workload(Path("model.py")), 2, device=DeviceChoice.CPU, seconds=seconds
        )
        with chdir(slot.folder), pytest.raises(UserCodeFailed) as caught:
            run_dry_step(request, Limits(seconds), start=slot.start)
        pid = slot.child.process.pid
    assert not Path(f"/proc/{pid}").exists()
    return caught.value


def test_a_fork_bomb_stops_at_the_limit_on_processes(slots):
    error = last_words(slots, "fork_bomb")
    made = int(re.search(r"made (\d+)", error.what)[1])
    assert 0 < made < LIMITS.processes


def test_an_endless_loop_ends_at_the_time_limit_and_is_named(slots):
    # time enough for Paddle to be imported on a busy machine before the loop begins
    error = last_words(slots, "endless", seconds=10.0)
    assert error.what.startswith("still not done after 10.0 s, stopped")
    assert error.where in ("/job/model.py:1", "/job/model.py:2")


def test_100_gb_of_memory_are_not_had(slots):
    error = last_words(slots, "memory")
    assert "SIGKILL" in error.what or "MemoryError" in error.what


def test_no_network_not_even_of_the_machine_itself(slots):
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = last_words(slots, "network", port=str(server.getsockname()[1]))
    assert "reached" not in error.what
    assert error.what.count("Error") == 3


def test_no_secret_of_the_machine_is_seen(slots, tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", "secret")
    database = tmp_path / "service.sqlite3"
    database.write_text("secret")
    names = [database, "/etc/passwd", "/etc/shadow", "/etc/hostname", "/root/.bashrc"]
    error = last_words(slots, "looks_around", secrets="\n".join(map(str, names)))
    assert "found []" in error.what
    assert "user 0," not in error.what
    assert "processes 2" in error.what  # the one that reaps, and itself


def test_nothing_is_written_but_scratch_and_that_is_bounded(slots, own_home):
    error = last_words(slots, "writes", outside=str(own_home))
    assert "wrote to []" in error.what
    filled = int(re.search(r"filled (\d+) MiB", error.what)[1])
    assert filled <= LIMITS.scratch_bytes // MIB
    assert [one.name for one in own_home.iterdir()] == ["cache"]


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter is for x86-64")
def test_system_calls_that_lead_out_are_refused(slots):
    answers = re.search(r"\{(.*)\}", last_words(slots, "system_calls").what)[1]
    assert [one.rpartition(":")[2].strip() for one in answers.split(",")] == ["-1"] * 6


def test_folders_of_the_dead_are_removed(slots, tmp_path, monkeypatch):
    gone = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f"paddle-estimate-slot-{gone.stdout.strip()}-x"
    kept = tmp_path / f"paddle-estimate-slot-{os.getpid()}-x"
    left.mkdir()
    kept.mkdir()
    remove_left_behind()
    assert not left.exists()
    assert kept.exists()


def test_the_next_slot_is_made_ready_when_it_is_asked_for(slots):
    def waiting():
        return {one.name for one in Path(tempfile.gettempdir()).glob(f"*slot-{os.getpid()}-*")}

    with slots.take({}) as taken:
        assert waiting() == {taken.folder.parent.name}
        slots.make_ready()
        assert len(waiting()) == 2
        slots.make_ready()
        assert len(waiting()) == 2  # that one still waits
    assert len(waiting()) == 1  # the warm one


def test_a_slot_is_made_ready_after_one_that_was_not_used(slots):
    with pytest.raises(UserCodeFailed), slots.take({}):
        raise UserCodeFailed("before the dry step")
    with slots.take({}) as slot:
        assert slot.child.process.poll() is None


def test_each_child_is_used_once(slots):
    with slots.take({}) as first:
        pid = first.child.process.pid
    with slots.take({}) as second:
        assert second.child.process.pid != pid
        assert second.folder != first.folder
    assert not first.folder.exists()
