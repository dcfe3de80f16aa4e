"""``paddle-estimate templates``, as a platform team uses it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from estimator.cli import main
from estimator.paths import HOME_VARIABLE


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def told(capfdbinary: Any, *words: str) -> tuple[int, str]:
    code = main(["templates", *words])
    out, error = capfdbinary.readouterr()
    return code, (out or error).decode()


def document(capfdbinary: Any, *words: str) -> Any:
    return json.loads(told(capfdbinary, *words, "--json")[1])


def test_new_check_explain_and_diff(capfdbinary: Any, home: Path) -> None:
    site = str(home / "site")
    code, path = told(capfdbinary, "new", "faces", "--extends", "detection", "--templates", site)
    assert (code, path) == (0, f"{site}/project/faces.yaml\n")
    assert told(capfdbinary, "check", "faces", "--templates", site)[0] == 0
    Path(path.strip()).write_text("extends: detection\njob: {backoffLimit: -1}\n")
    code, table = told(capfdbinary, "check", "faces", "--templates", site)
    assert code == 2
    assert "faces.yaml:2" in table
    (found, *_) = document(capfdbinary, "check", "faces", "--templates", site)["findings"]
    assert found["where"] == f"{site}/project/faces.yaml:2"
    _, said = told(capfdbinary, "explain", "faces", "job.backoffLimit", "--templates", site)
    assert f"=> {site}/project/faces.yaml:2  faces sets it -1" in said.replace("\n", "")
    (one,) = document(capfdbinary, "diff", "faces", "detection", "--templates", site)["differences"]
    assert (one["path"], one["left"], one["right"]) == ("job.backoffLimit", -1, 2)


def test_locks_and_policy_are_shown_with_who(capfdbinary: Any, home: Path) -> None:
    folder = home / "site"
    (folder / "project").mkdir(parents=True)
    (folder / "policy.yaml").write_text("max_gpus: {at_most: 8, by: ops, because: quota}\n")
    (folder / "project" / "a.yaml").write_text(
        "extends: ocr\nlocked:\n  - {path: job.backoffLimit, by: ops, because: it must}\n"
    )
    _, said = told(capfdbinary, "explain", "a", "--templates", str(folder))
    assert "job.backoffLimit is locked by ops" in said
    assert "policy: max_gpus 8, by ops" in said
    view = document(capfdbinary, "show", "a", "--templates", str(folder))
    assert view["policy"] == [{"said": "max_gpus 8", "who": f"ops ({folder}/policy.yaml:1): quota"}]
    assert yaml.safe_load(view["text"])["job"]["backoffLimit"] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("explain", "ocr", "pod.nothing"),
        ("explain", "ocr", "]"),
        ("diff", "ocr", "nobody"),
        ("new", "Bad_Name"),
        ("new", "a", "--layer", "x"),
        ("list", "--templates", "nowhere"),
        ("check", "--templates", "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capfdbinary: Any, words: tuple[str, ...]) -> None:
    code, said = told(capfdbinary, *words)
    assert code == 2
    assert said.startswith("error: ")


def test_in_chinese(capfdbinary: Any) -> None:
    _, said = told(capfdbinary, "explain", "ocr", "job.backoffLimit", "--lang", "zh")
    assert "设定" in said
