"""The host memory of a process, whatever started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from estimator.drystep.child.resident import peak_resident_bytes
from estimator.units import MIB

SAY = "from estimator.drystep.child.resident import peak_resident_bytes as p; print(p())"


def said(code: str) -> int:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_what_started_a_process_is_not_counted() -> None:
    """The service, or a notebook with a table, holds more than the step that it has run."""
    held = b"x" * (512 * MIB)
    assert said(SAY) < 256 * MIB
    assert len(held) == 512 * MIB


def test_memory_given_back_is_counted() -> None:
    assert said(f"held = b'x' * {512 * MIB}; del held; {SAY}") > 512 * MIB


@pytest.mark.parametrize("status", ["", "Name:\tpython3\nVmRSS:\t    8812 kB\n"])
def test_a_system_that_does_not_say(tmp_path: Path, status: str) -> None:
    """As in gVisor; without /proc there is no file at all."""
    path = tmp_path / "status"
    if status:
        path.write_text(status)
    assert peak_resident_bytes(path) >= 0.95 * peak_resident_bytes()  # counted in other pages
