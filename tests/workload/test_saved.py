"""What can be said of a saved program by its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.errors import BadInput
from estimator.workload.saved import check_saved_program, is_saved_program, program_prefix
from estimator.workload.source import check_source

HEADER = '{"base_code":{"magic":"pir","trainable":true,"version":4},"program":{}}'


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "net.json").write_text(HEADER)
    (tmp_path / "net.pdiparams").write_bytes(b"\0")
    return tmp_path / "net"


@pytest.mark.parametrize("suffix", ["", ".json", ".pdiparams"])
def test_any_of_its_names_means_the_program(program: Path, suffix: str) -> None:
    path = Path(f"{program}{suffix}")
    assert is_saved_program(path)
    assert program_prefix(path) == program
    check_source(path)


def test_a_name_with_a_dot(tmp_path: Path) -> None:
    (tmp_path / "net.v2.pdmodel").touch()
    (tmp_path / "net.v2.pdiparams").touch()
    check_source(tmp_path / "net.v2")


def test_a_model_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = 1\n")
    assert not is_saved_program(tmp_path / "net.py")
    assert not is_saved_program(tmp_path / "absent")


def test_missing_parameters(program: Path) -> None:
    Path(f"{program}.pdiparams").unlink()
    with pytest.raises(BadInput, match=r"net\.pdiparams' is missing") as caught:
        check_saved_program(program)
    assert caught.value.hint == "copy both files that paddle.jit.save wrote"


def test_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no '.*net.json' and no '.*net.pdmodel'"):
        check_source(tmp_path / "net.json")


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", "\0\0\0"])
def test_other_json(program: Path, text: str) -> None:
    Path(f"{program}.json").write_text(text)
    with pytest.raises(BadInput, match="the file is no program that Paddle 3 saved"):
        check_saved_program(program)
