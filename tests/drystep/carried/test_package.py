"""The program that is carried along needs Paddle and nothing else that is not its own."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from estimator.drystep.carried.package import packed, packed_tool
from estimator.drystep.protocol import Order, encode_order
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.units import GIB
from estimator.workload.types import Workload

OTHERS = ("pydantic", "yaml", "typer", "rich", "kubernetes")
FORBID = f"""
import sys
class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {OTHERS!r}:
            raise ImportError(name + " is not installed here")
sys.meta_path.insert(0, Forbid())
sys.path.insert(0, sys.argv[1])
import estimator.drystep.carried.inside, estimator.drystep.child.main
assert estimator.__file__.startswith(sys.argv[1]), estimator.__file__
"""


def test_the_same_program_is_the_same_file() -> None:
    assert packed({"a": b"1", "b": b"2"}) == packed({"b": b"2", "a": b"1"})


def test_it_imports_without_other_packages(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed_tool())) as tool:
        tool.extractall(tmp_path)
    command = [sys.executable, "-I", "-c", FORBID, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["order.json", "files.zip"])
def test_without_a_question_it_ends_and_says_why(tmp_path: Path, missing: str) -> None:
    request = DryStepRequest(Workload(Path("model.py")), 8, device=DeviceChoice.CPU)
    parts = {
        "tool.zip": packed_tool(),
        "order.json": encode_order(Order(request, 4 * GIB, 0)),
        "files.zip": packed({"model.py": b""}),
    }
    for name, content in parts.items():
        if name != missing:
            (tmp_path / name).write_bytes(content)
    command = [sys.executable, str(tmp_path / "tool.zip")]
    environment = {"TMPDIR": str(tmp_path)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=60
    )
    assert done.returncode != 0
    assert missing in done.stderr
