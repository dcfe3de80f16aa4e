from __future__ import annotations

import json
from pathlib import Path

import pytest

from estimator.cli.entry import main

MAP = [
    word
    for pair in (
        "template=process",
        "requested_memory=memory",
        "peak_memory=rss",
        "submitted_at=submit:s",
        "duration=run:s",
    )
    for word in ("--map", pair)
]


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    rows = [f"a,8000,{2000 + i},{100 * i},60" for i in range(20)]
    path.write_text("process,memory,rss,submit,run\n" + "\n".join([*rows, "a,8000,,1,60"]) + "\n")
    return path


def test_one_document_with_ours_and_every_baseline(
    trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "replay", str(trace), str(trace), *MAP, "--json"]) == 0
    out = capsys.readouterr().out
    document = json.loads(out)
    overall, files = document["overall"], document["files"]
    assert overall["tasks"] == 40
    assert overall["under_rate"] == 0.0
    assert len(files) == 2
    assert files[0]["left_out"] == {"no peak_memory_bytes": 1}
    assert overall["allocated_over_requested"] == files[0]["allocated_over_requested"]
    # the first task gets 0.95 of its request, the last ones little more than 2/8
    assert 0.25 < overall["allocated_over_requested"] < 0.6
    assert set(document["baselines"]) >= {"user_request", "krr_max_x1.15", "vpa_p90_x1.15"}
    assert document["baselines"]["user_request"]["overall"]["allocated_over_requested"] == 1.0


def test_prices_move_the_answer(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def allocated(*words: str) -> float:
        assert main(["history", "replay", str(trace), *MAP, "--json", *words]) == 0
        document = json.loads(capsys.readouterr().out)
        return float(document["overall"]["allocated_over_requested"])

    assert allocated("--oom-price", "1000") > allocated() > allocated("--waste-price", "1000")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_for_people(language: str, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", language, "history", "replay", str(trace), *MAP]) == 0
    shown = capsys.readouterr()
    assert "krr_max_x1.15" in shown.out
    assert "skipped 1: no peak_memory_bytes" in shown.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--oom-price", "0"], 2),
        (["--waste-price", "nan"], 2),
        (["--map", "nothing=x"], 2),
        (["--map", "user=nobody"], 2),
    ],
)
def test_what_cannot_be_used_is_one_error(
    words: list[str], code: int, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "replay", str(trace), *MAP, *words]) == code
    assert "error: " in capsys.readouterr().err


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "replay", "nowhere.csv", *MAP]) == 2
    assert "nowhere.csv" in capsys.readouterr().err
