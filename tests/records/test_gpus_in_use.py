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


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setenv("PATH", str(tmp_path))
    return Machine(tmp_path)


def test_processes_of_the_job_count_and_others_do_not(machine: Machine) -> None:
    machine.says(["GPU-a, 500, 0", "GPU-b, 4000, 90"])
    gpus = GpusInUse()
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
    gpus = GpusInUse()
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
    job = GpusInUse()
    job.start()
    job.look({7})
    assert (job.peak_bytes, job.utilization) == (None, None)


def test_a_machine_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    job = GpusInUse()
    job.start()
    job.look({7})
    assert job.peak_bytes is None


def test_a_failed_look_keeps_what_was_seen(machine: Machine) -> None:
    machine.says(["GPU-a, 10, 0"])
    job = GpusInUse()
    job.start()
    machine.says(["GPU-a, 90, [N/A]"], ["GPU-a, 7, 80"])
    job.look({7})
    machine.says([], [], code=9)
    job.look({7})
    assert (job.peak_bytes, job.utilization) == (80 * MIB, None)
