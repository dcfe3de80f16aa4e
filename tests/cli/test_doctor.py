from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from estimator.cli import main
from estimator.paths import HOME_VARIABLE

Captured = pytest.CaptureFixture[str]


def findings(capsys: Captured) -> dict[str, dict[str, object]]:
    document = json.loads(capsys.readouterr().out)
    return {one["name"]: one for one in document["findings"]}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    return tmp_path / "home"


def test_without_paddle_nothing_can_be_estimated(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paddle", None)  # how Python marks what cannot be imported
    assert main(["doctor", "--json"]) == 2
    found = findings(capsys)
    assert found["paddle"]["fine"] is False
    assert "not installed" in str(found["paddle"]["detail"])
    assert found["virtual_gpu"]["fine"] is False


@pytest.mark.paddle
def test_without_a_compiler_the_cpu_is_left(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("paddle") is None:
        pytest.skip("PaddlePaddle is not installed")
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert main(["doctor", "--json"]) == 0
    found = findings(capsys)
    assert found["compiler"]["detail"] == "'no-such-compiler' was not found; install g++ or set CXX"
    assert found["virtual_gpu"]["fine"] is False
    assert str(found["device"]["detail"]).startswith("cpu: ")


def test_a_folder_that_cannot_be_made_is_found(
    capsys: Captured, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paddle", None)
    home.write_text("a file where a folder should be")
    assert main(["doctor", "--json"]) == 2
    found = findings(capsys)
    assert [found[name]["fine"] for name in ("data", "cache", "config")] == [False] * 3


@pytest.mark.parametrize(("language", "word"), [("en", "C++ compiler"), ("zh", "C++ 编译器")])
def test_the_table_for_people(
    language: str, word: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paddle", None)
    assert main(["doctor", "--lang", language]) == 2
    assert word in capsys.readouterr().out
