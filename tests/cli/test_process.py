"""The installed command in a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from estimator.paths import HOME_VARIABLE

COMMAND = (sys.executable, "-c", "import sys; from estimator.cli import main; sys.exit(main())")
TIMES_THE_FRAMEWORK = 2.0
"""Help against the libraries of the command line alone; 1.3 on a quiet machine."""


def run(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [*COMMAND, *words],
        capture_output=True,
        check=False,
        timeout=60,
        env={**clean, HOME_VARIABLE: str(home), "COLUMNS": "80", **environment},
    )


def test_help_names_every_exit_code(tmp_path: Path) -> None:
    done = run("--help", home=tmp_path)
    assert done.returncode == 0
    assert done.stderr == b""
    shown = done.stdout.decode()
    for code in ("0", "2", "3", "4", "5", "130"):
        assert f" {code}  " in shown


def test_help_speaks_chinese_even_in_a_c_locale(tmp_path: Path) -> None:
    done = run("--lang", "zh", "--help", home=tmp_path, LC_ALL="C")
    assert done.returncode == 0
    assert "退出码" in done.stdout.decode()


def test_help_is_quick(tmp_path: Path) -> None:
    def processor_seconds(start: Callable[[], object]) -> float:
        """User and system time: unlike wall time, hardly touched by other work on the machine."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    framework = [sys.executable, "-c", "import typer.rich_utils, yaml"]
    ways = (lambda: run("--help", home=tmp_path), lambda: subprocess.run(framework, check=True))
    told, alone = (min(processor_seconds(way) for _ in range(5)) for way in ways)
    assert told < TIMES_THE_FRAMEWORK * alone


@pytest.mark.parametrize("words", [["--help"], ["gpus"], ["m.py", "--amp", "O9"]])
def test_no_heavy_library_is_imported(words: list[str]) -> None:
    program = (
        "import sys\nfrom estimator.cli import main\n"
        f"main({words!r})\n"
        "heavy = {'paddle', 'numpy', 'pandas', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_wrong_command_line_leaves_stdout_empty(tmp_path: Path) -> None:
    done = run("m.py", "--zzz", home=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"error: No such option: --zzz\n  try: paddle-estimate estimate --help\n"


def test_a_chinese_error_survives_a_narrow_encoding(tmp_path: Path) -> None:
    done = run("--lang", "zh", home=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert done.stdout == b""


def test_version(tmp_path: Path) -> None:
    done = run("--version", home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(b"paddle-estimate ")


def test_a_reader_that_goes_away_is_met_with_silence(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "gpus", "--json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, HOME_VARIABLE: str(tmp_path)},
    )
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == b""


def test_a_full_disk_is_one_error(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "gpus", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env={**os.environ, HOME_VARIABLE: str(tmp_path), "LC_ALL": "C"},
        )
    assert done.returncode == 2
    said = b"error: 'stdout' was not written: No space left on device\n  try: df -h\n"
    assert done.stderr == said
