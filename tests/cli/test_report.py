"""``paddle-estimate report`` as its user runs it, with data of every poor kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from estimator.cli import main
from estimator.report.build import SECTIONS

MAP = [
    word
    for pair in (
        *("job_id=id", "team=team", "gpu=gpu", "gpu_count=gpus", "submitted=submit"),
        *("started=start", "finished=end", "status=state"),
    )
    for word in ("--map", pair)
]
HEADER = "id,team,gpu,gpus,submit,start,end,state\n"
ONE = "1,vision,T4,2,2026-01-05 10:00,2026-01-05 10:30,2026-01-05 12:30,COMPLETED\n"
FAILED = "2,speech,H900,1,2026-01-12 10:00,2026-01-12 10:00,2026-01-12 11:00,FAILED\n"
RUNNING = "3,vision,T4,1,2026-01-12 10:00,2026-01-12 10:00,,RUNNING\n"
CLUSTER = "nodes: [{count: 2, gpu: T4, gpus: 4}]\nprices: {T4: 2}\ncurrency: CNY\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PADDLE_ESTIMATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PADDLE_ESTIMATE_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cluster.yaml").write_text(CLUSTER)
    return tmp_path


def written(home: Path, *lines: str) -> Path:
    path = home / "jobs.csv"
    path.write_text(HEADER + "".join(lines))
    return path


def told(capfd: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["report", *map(str, words), "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    return {**document, "by_key": {one["key"]: one for one in document["sections"]}}


def value(document: dict[str, Any], section: str, key: str) -> Any:
    return next(f for f in document["by_key"][section]["figures"] if f["key"] == key)["value"]


def test_page_json_and_tables(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["report", str(written(home, ONE, FAILED, RUNNING)), *MAP, "--cluster", "cluster.yaml"]
    assert main([*words, "--tables", "parquet"]) == 0
    assert "3 jobs: report.html, report.json" in capfd.readouterr().err.replace("\n", " ")
    page = Path("report.html").read_text()
    document = json.loads(Path("report.json").read_text())
    keys = [section["key"] for section in document["sections"]]
    assert keys == [key for key in SECTIONS if key in keys]
    assert all(f'<section id="{key}"' in page for key in keys)
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")  # names of SVG's own spaces
    frame = pd.read_parquet("report.tables/demand.demand_by_group.parquet")
    # 2 GPUs x 2 h; the running job has 1 h until 11:00, the last moment
    assert dict(zip(frame["team"], frame["held"], strict=True)) == {"vision": 5.0, "speech": 1.0}
    for section in document["sections"]:
        for figure in section["figures"]:
            assert figure["n"] >= 0
            assert figure["source"]
            assert figure["how"]
            assert figure["window"]["start"] == "2026-01-05T10:00:00+00:00"


def test_in_chinese(home: Path) -> None:
    words = ["report", str(written(home, ONE)), *MAP, "--lang", "zh"]
    assert main(words) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in page
    assert "需求" in page
    assert ">Demand<" not in page


def test_from_the_own_store_and_from_a_named_one(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path, store = written(home, ONE), f"sqlite:///{home}/other.sqlite3"
    assert main(["history", "import", str(path), *MAP]) == 0
    written(home, ONE, FAILED)
    assert main(["history", "import", str(path), *MAP, "--store", store]) == 0
    capfd.readouterr()
    assert value(told(capfd), "scope", "jobs") == 1
    assert value(told(capfd, store), "scope", "jobs") == 2


def test_sections_groups_and_windows(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = written(home, ONE, FAILED)
    asked = (path, *MAP, "--section", "demand", "--section", "scope")
    document = told(capfd, *asked, "--by", "gpu", "--since", "2026-01-10")
    assert list(document["by_key"]) == ["scope", "demand"]
    (group,) = document["by_key"]["demand"]["tables"]["demand_by_group"]["rows"]
    assert (group["gpu"], group["held"]) == ("H900", 1.0)


def test_compared_with_an_earlier_time(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = written(home, ONE, FAILED)
    when = ("--since", "2026-01-10", "--compare", "2026-01-03")
    document = told(capfd, path, *MAP, "--section", "scope", *when)
    hours = next(f for f in document["by_key"]["scope"]["figures"] if f["key"] == "gpu_hours")
    assert (hours["value"], hours["earlier"]) == (1.0, 4.0)
    assert document["earlier"]["start"] == "2026-01-03T00:00:00+00:00"


def test_dates_are_of_the_time_zone(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # 10:00 UTC is 18:00 in Shanghai
    path = written(home, ONE)
    words = (path, *MAP, "--section", "scope", "--timezone", "Asia/Shanghai", "--since")
    assert value(told(capfd, *words, "2026-01-05T17:59"), "scope", "jobs") == 1
    assert value(told(capfd, *words, "2026-01-05T18:01"), "scope", "jobs") == 0


@pytest.mark.parametrize(
    ("lines", "jobs"),
    [
        ([ONE], 1),
        ([FAILED, FAILED.replace("2,", "4,", 1)], 2),
        ([RUNNING], 1),
        (["5,,,,2026-01-05,,,\n"], 1),  # nothing but a date
        (["6,vision,,0,2026-01-05 10:00,2026-01-05 10:00,2026-01-05 10:00,COMPLETED\n"], 1),
    ],
)
def test_little_data_still_makes_a_whole_page(home: Path, lines: list[str], jobs: int) -> None:
    words = ["report", str(written(home, *lines)), *MAP, "--cluster", "cluster.yaml"]
    assert main(words) == 0
    document = json.loads(Path("report.json").read_text())
    assert document["sections"][0]["figures"][0]["value"] == jobs


def test_a_job_without_any_time(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    document = told(capfd, written(home, "7,vision,T4,1,,,,COMPLETED\n"), *MAP)
    assert document["sections"] == []
    assert "no job says when" in document["window"]["missing"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "no job to report on"),
        (["jobs.csv", *MAP], "no job to report on"),
        (["nowhere.csv", *MAP], "nowhere.csv"),
        (["jobs.csv", *MAP, "--section", "waists"], "no section 'waists'"),
        (["jobs.csv", *MAP, "--timezone", "Mars/Crater"], "no time zone"),
        (["jobs.csv", *MAP, "--since", "yesterday"], "yesterday"),
        (["jobs.csv", *MAP, "--since", "2026-01-02", "--before", "2026-01-01"], "must end after"),
        (["jobs.csv", *MAP, "--compare", "2026-01-02"], "begins after it"),
        (["jobs.csv", *MAP, "--cluster", "none.yaml"], "no such file"),
        (["jobs.csv", *MAP, "--out", "no/such/folder/r.html"], "folder"),
        (["jobs.csv"], "which column"),
        (["mysql://x"], "no kind of store"),
    ],
)
def test_bad_input(
    home: Path, capfd: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    written(home)
    assert main(["report", *words]) == 2
    assert why in capfd.readouterr().err.replace("\n", " ")


def test_a_lake_is_a_store_and_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "spark:", "--json"]) == 2
    assert "'spark:' names no folder" in capsys.readouterr().err
