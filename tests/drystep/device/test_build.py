"""Building the plug-in once, and saying why it cannot be built."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from estimator.drystep.device import build
from estimator.drystep.device.build import Plugin, ensure_plugin
from estimator.drystep.device.installation import PaddleInstallation, find_paddle
from estimator.values import Missing


@pytest.fixture
def paddle() -> PaddleInstallation:
    found = find_paddle()
    if isinstance(found, Missing):
        pytest.skip(found.reason)
    return found


def test_paddle_is_found_without_importing_it() -> None:
    code = (
        "import sys; from estimator.drystep.device.installation import find_paddle;"
        "print(find_paddle().version, 'paddle' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    version, imported = done.stdout.split()
    assert version.startswith("3.")
    assert imported == "False"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": "3.1.0"}, "needs Paddle 3.2 or later, found 3.1.0"),
        ({"version": "2.6.2"}, "needs Paddle 3.2 or later, found 2.6.2"),
        ({"for_cuda": True}, "GPU builds leave custom devices out"),
    ],
)
def test_a_paddle_that_cannot_carry_it(
    paddle: PaddleInstallation, tmp_path: Path, changes: dict[str, object], why: str
) -> None:
    told: list[str] = []
    answer = ensure_plugin(replace(paddle, **changes), tmp_path, told.append)
    assert isinstance(answer, Missing)
    assert why in answer.reason
    assert told == []


def test_another_machine(
    paddle: PaddleInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build.platform, "machine", lambda: "aarch64")
    answer = ensure_plugin(paddle, tmp_path, lambda line: None)
    assert answer == Missing("the virtual GPU needs Linux on x86-64, this is Linux on aarch64")


def test_no_compiler(
    paddle: PaddleInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    answer = ensure_plugin(paddle, tmp_path, lambda line: None)
    assert answer == Missing("no C++ compiler was found (install g++, or set CXX)")


def test_a_compiler_that_fails_leaves_nothing_behind(
    paddle: PaddleInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "broken"
    compiler.write_text("#!/bin/sh\necho 'x.cc:1: error: out of ideas' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    told: list[str] = []
    answer = ensure_plugin(paddle, tmp_path / "cache", told.append)
    assert isinstance(answer, Missing)
    assert "error: out of ideas" in answer.reason
    assert len(told) == 1
    left = [path.name for path in (tmp_path / "cache" / "virtual-gpu").iterdir()]
    assert all(name.endswith(".lock") for name in left)


def test_a_cache_that_cannot_be_written(paddle: PaddleInstallation, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    answer = ensure_plugin(paddle, tmp_path / "cache", lambda line: None)
    assert isinstance(answer, Missing)
    assert "could not be built" in answer.reason


def test_the_first_users_at_once_build_one(paddle: PaddleInstallation, tmp_path: Path) -> None:
    """Three processes ask at the same moment: one compiles, all get the same library."""
    code = (
        "import sys; from pathlib import Path;"
        "from estimator.drystep.device.build import ensure_plugin;"
        "from estimator.drystep.device.installation import find_paddle;"
        "print(ensure_plugin(find_paddle(), Path(sys.argv[1]), lambda l: print('BUILD')).library)"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    users = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    lines = "".join(user.communicate(timeout=240)[0] for user in users).split()
    assert lines.count("BUILD") == 1
    (library,) = set(lines) - {"BUILD"}
    assert Path(library).is_file()
    assert [path.name for path in Path(library).parent.iterdir()] == [Path(library).name]


def test_the_environment_keeps_what_else_is_preloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LD_PRELOAD", "libtheirs.so")
    environment = Plugin(tmp_path).environment()
    assert environment["CUSTOM_DEVICE_ROOT"] == str(tmp_path / "device")
    assert environment["LD_PRELOAD"] == f"{tmp_path}/preload/libpreloaded.so libtheirs.so"
