from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from estimator.cli import main

SACCT = (
    "JobID|JobName|User|State|Submit|ReqMem|MaxRSS|NNodes\n"
    "1|bert|mei|COMPLETED|2024-03-01T08:00:00|8G||1\n"
    "1.batch|batch||COMPLETED|2024-03-01T08:00:00|||1\n"
    "2|bert|li|FAILED|2024-03-02T08:00:00|8G|6G|1\n"
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PADDLE_ESTIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PADDLE_ESTIMATE_STORE", raising=False)
    (tmp_path / "sacct.txt").write_text(SACCT)
    return tmp_path


def said(capfd: pytest.CaptureFixture[str], *words: object) -> Any:
    assert main(["history", *map(str, words), "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_from_import_to_removal(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = home / "sacct.txt"
    report = said(capfd, "import", path, "--format", "slurm")
    assert [report[key] for key in ("rows", "added", "changed", "unchanged")] == [2, 2, 0, 0]
    assert said(capfd, "import", path, "--format", "slurm")["unchanged"] == 2
    newest, oldest = said(capfd, "list")["records"]
    assert (newest["user"], oldest["user"]) == ("li", "mei")
    assert newest["peak_memory_bytes"] == 6 << 30
    (group,) = said(capfd, "stats", "--by", "template")["groups"]
    assert (group["template"], group["records"]) == ("bert", 2)
    assert said(capfd, "show", newest["identifier"])["status"] == "failed"
    assert said(capfd, "check")["findings"] == []
    assert len(said(capfd, "list", "--where", "user=mei", "--before", "2024-03-02")["records"]) == 1
    assert said(capfd, "prune", "--before", "2024-03-02") == {"removed": 1}
    assert main(["history", "export", "--out", str(home / "out.jsonl")]) == 0
    store = f"sqlite:///{home / 'other.sqlite3'}"
    report = said(capfd, "import", home / "out.jsonl", "--format", "records", "--store", store)
    assert report["added"] == 1


def test_a_job_told_by_hand(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "add", "--set", "template=x", "--set", "peak_memory=3GiB"]) == 0
    identifier = capfd.readouterr().out.strip()
    words = ["history", "add", "--set", f"estimate_id={identifier}", "--set", "status=oom"]
    assert main(words) == 0
    capfd.readouterr()
    record = said(capfd, "show", identifier)
    assert record["peak_memory_bytes"] == 3 << 30
    assert record["status"] == "out_of_memory"


def test_a_job_told_by_hand_is_answered_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    identifier = said(capfd, "add", "--set", "template=x", "--set", "peak_memory=3GiB")
    assert list(identifier) == ["identifier"]
    assert said(capfd, "show", identifier["identifier"])["template"] == "x"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["add"], "nothing is told"),
        (["add", "--set", "peak_memory=-3"], "negative"),
        (["show", "none"], "no record 'none'"),
        (["prune"], "no records are named"),
        (["list", "--where", "user"], "not KEY=VALUE"),
        (["list", "--where", "usr=me"], "no text field"),
        (["stats", "--by", "duration_s"], "no text field"),
        (["list", "--since", "soon"], "not a date"),
        (["import", "absent.csv", "--map", "user=a"], "absent.csv"),
        (["import", "absent.csv"], "which column"),
        (["list", "--store", "nosuch://x"], "no kind of store"),
    ],
)
def test_what_cannot_be_done(
    words: list[str], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", *words]) == 2
    assert problem in capfd.readouterr().err
