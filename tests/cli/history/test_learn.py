from __future__ import annotations

import json
from pathlib import Path

import pytest

from estimator.cli.entry import main
from estimator.paths import HOME_VARIABLE

MAP = [
    word
    for pair in (
        "template=process",
        "requested_memory=memory:MiB",
        "peak_memory=rss:MiB",
        "submitted_at=submit:s",
        "duration=run:s",
    )
    for word in ("--map", pair)
]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    rows = [f"a,8000,{2000 + i % 7},{100 * i},60" for i in range(60)]
    path.write_text("process,memory,rss,submit,run\n" + "\n".join(rows) + "\n")
    return path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main(["history", *words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert isinstance(document, dict)
    return document


def test_fit_recommend_and_fit_again(
    trace: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    first = answer(capsys, "fit", str(trace), *MAP)
    assert (first["version"], first["jobs"], first["replaced"]) == (1, 60, True)
    assert (home / "data" / "learnt.json").is_file()
    advice = answer(
        capsys, "recommend", "--template", "a", "--request", "8000Mi", "--oom-price", "1"
    )
    assert 2006 << 20 <= advice["amount"] < 3000 << 20  # type: ignore[operator]
    assert advice["count"] == 60
    assert "60 past jobs of the template took up to" in advice["reasons"][0]  # type: ignore[index]
    again = answer(capsys, "fit", str(trace), *MAP)
    assert again["fingerprint"] == first["fingerprint"]
    assert (again["version"], again["replaced"]) == (1, False)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("command", ["fit", "evaluate", "drift"])
def test_every_command_speaks_to_people(
    command: str, language: str, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--lang", language, "history", command, str(trace), *MAP]) == 0
    assert capsys.readouterr().out.strip()


def test_evaluate_and_drift_as_documents(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = answer(capsys, "evaluate", str(trace), *MAP)["targets"][0]  # type: ignore[index]
    assert target["jobs"] == 60
    assert set(target["rules"]) >= {"paddle_estimate", "krr_max_x1.15", "vpa_p90_x1.15"}
    drift = answer(capsys, "drift", str(trace), *MAP)
    assert (drift["tested"], drift["changed"]) == (1, [])


@pytest.mark.parametrize(
    "words",
    [
        ["fit"],
        ["evaluate"],
        ["drift"],
        ["recommend", "--request", "1Gi"],
        ["recommend", "--request", "nothing"],
        ["recommend"],
    ],
)
def test_without_anything_to_go_by(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", *words]) == 2
    assert "error: " in capsys.readouterr().err
