"""Reading ``nvidia-smi``; a script in its place answers as the program does, from a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from estimator.records.gpus_in_use import GpusInUse
from estimator.units import MIB

PROGRAM = f"""#!{sys.executable}
import json, pathlib, sys
said = json.loads(pathlib.Path(__file__).with_name("said.json").read_text())
print("\\n".join(said["gpu" if sys.argv[1].startswith("--query-gpu=") else "apps"]))
sys.exit(said["code"])
"""


class Machine:
    """What ``nvidia-smi`` says on it from now on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        program = folder / "nvidia-smi"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        self.says([])

    def says(self, gpus: list[str], processes: list[str] | None = None, code: int = 0) -> None:
        said = {"gpu": gpus, "apps": processes or [], "code": code}
        (self._folder / "said.json").write_text(json.dumps(said))


class Clock:
    """Seconds that go by when a test says so; one before each reading unless it does."""

    def __init__(self, step: float = 1.0) -> None:
        self.now, self._step = 0.0, step

    def __call__(self) -> float:
        self.now += self._step
        return self.now


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Machine(tmp_path)


def test_processes_of_the_job_count_and_others_do_not(machine: Machine) -> None:
    machine.says(["GPU-a, 500, 0", "GPU-b, 4000, 90"])
    gpus = GpusInUse(Clock())
    gpus.start()
    machine.says(
        ["GPU-a, 3500, 50", "GPU-b, 9000, 90"],
        ["GPU-a, 11, 1000", "GPU-a, 12, 2000", "GPU-b, 99, 5000"],
    )
    gpus.look({11, 12})
    machine.says(["GPU-a, 1500, 70", "GPU-b, 9000, 90"], ["GPU-a, 11, 1000"])
    gpus.look({11, 12})
    assert gpus.peak_bytes == 3000 * MIB
    assert gpus.utilization == pytest.approx(0.6)  # GPU-a's 50 % and 70 %


def test_in_a_container_what_was_added_is_the_jobs(machine: Machine) -> None:
    machine.says(["GPU-a, 500, 0", "GPU-b, 4, 0"])
    gpus = GpusInUse(Clock())
    gpus.start()
    # the driver knows the process by its number outside
    machine.says(["GPU-a, 8500, 80", "GPU-b, 4, 0"], ["GPU-a, 40123, 8000"])
    gpus.look({7})
    assert (gpus.peak_bytes, gpus.utilization) == (8000 * MIB, 0.8)


@pytest.mark.parametrize(
    ("gpus", "processes", "code"),
    [
        ([], [], 0),
        (["No devices were found"], [], 6),
        (["GPU-a, [N/A], [N/A]"], ["GPU-a, 7, [N/A]"], 0),
        (["rubbish", "a, b, c, d"], ["x"], 0),
    ],
)
def test_what_cannot_be_told_is_not_known(
    machine: Machine, gpus: list[str], processes: list[str], code: int
) -> None:
    machine.says(gpus, processes, code)
    job = GpusInUse(Clock())
    job.start()
    job.look({7})
    assert (job.peak_bytes, job.utilization) == (None, None)


def test_looks_become_rare_and_count_for_the_time_between_them(machine: Machine) -> None:
    machine.says(["GPU-a, 10, 0"])
    clock = Clock(step=0.0)
    job = GpusInUse(clock)
    job.start()
    machine.says(["GPU-a, 90, 100"], ["GPU-a, 7, 80"])
    clock.now = 3.0
    job.look({7})  # three seconds at 100 %
    machine.says(["GPU-a, 90, 20"], ["GPU-a, 7, 95"])
    clock.now = 3.4
    job.look({7})  # too soon
    assert job.peak_bytes == 80 * MIB
    clock.now = 4.0
    job.look({7})  # one second at 20 %: (3 x 1 + 1 x 0.2) / 4
    assert (job.peak_bytes, job.utilization) == (95 * MIB, pytest.approx(0.8))


def test_a_job_of_days_is_looked_at_every_ten_seconds(machine: Machine) -> None:
    machine.says(["GPU-a, 10, 0"])
    clock = Clock(step=0.0)
    job = GpusInUse(clock)
    job.start()
    seen = []
    for second in range(300):
        machine.says(["GPU-a, 90, 0"], [f"GPU-a, 7, {second + 1}"])
        clock.now = float(second)
        job.look({7})
        seen.append(job.peak_bytes)
    assert len(set(seen[-100:])) in (10, 11)


def test_a_machine_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    job = GpusInUse(Clock())
    job.start()
    job.look({7})
    assert job.peak_bytes is None


def test_a_failed_look_keeps_what_was_seen(machine: Machine) -> None:
    machine.says(["GPU-a, 10, 0"])
    job = GpusInUse(Clock())
    job.start()
    machine.says(["GPU-a, 90, [N/A]"], ["GPU-a, 7, 80"])
    job.look({7})
    machine.says([], [], code=9)
    job.look({7})
    assert (job.peak_bytes, job.utilization) == (80 * MIB, None)
