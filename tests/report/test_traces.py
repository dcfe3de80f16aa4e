"""Three public traces: totals against counts by pandas and SQL that know nothing of the report."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from estimator.cli import main

HISTORY = Path(__file__).resolve().parents[3] / "shared" / "data" / "history"
PHILLY = HISTORY / "sia_philly" / "philly.csv"
EAGLE = HISTORY / "eagle" / "sample_eagle_data.csv"
PODS = HISTORY / "openb" / "openb_pod_list_default.csv"
NODES = HISTORY / "openb" / "openb_node_list_all_node.csv"

pytestmark = pytest.mark.skipif(
    not HISTORY.exists(), reason="the traces are not part of the repository"
)
COUNTS = ("scope", "supply", "demand", "queueing", "waste", "risk", "usage")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLE_ESTIMATE_HOME", str(tmp_path / "home"))


def reported(capfd: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    only = [word for name in COUNTS for word in ("--section", name)]
    assert main(["report", *map(str, words), *only, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    return {section["key"]: section for section in document["sections"]}


def value(section: dict[str, Any], key: str) -> Any:
    return next(figure["value"] for figure in section["figures"] if figure["key"] == key)


def test_philly(capfd: pytest.CaptureFixture[str]) -> None:
    found = reported(capfd, PHILLY, "--format", "philly-csv")
    rows = sqlite3.connect(":memory:")
    pd.read_csv(PHILLY).to_sql("jobs", rows, index=False)
    count, hours = rows.execute("SELECT count(*), sum(gpu_time) / 3600 FROM jobs").fetchone()
    assert value(found["scope"], "jobs") == count == 82_247
    assert value(found["scope"], "gpu_hours") == pytest.approx(hours, rel=1e-9)
    by_team = dict(rows.execute("SELECT cluster, sum(gpu_time) / 3600 FROM jobs GROUP BY cluster"))
    told = found["demand"]["tables"]["demand_by_group"]["rows"]
    assert {row["team"]: row["held"] for row in told} == pytest.approx(by_team)
    # what the trace does not have is said, not made up
    assert any(
        "no job says both when it was submitted and when" in x for x in found["queueing"]["lacking"]
    )
    assert any("no job says how it ended" in line for line in found["waste"]["lacking"])
    assert any("no --cluster" in line for line in found["supply"]["lacking"])


def test_openb(capfd: pytest.CaptureFixture[str]) -> None:
    found = reported(capfd, PODS, "--format", "openb", "--cluster", NODES)
    pods, nodes = pd.read_csv(PODS), pd.read_csv(NODES)
    ran = pods["scheduled_time"].notna()
    gpus = pods["num_gpu"] * pods["gpu_milli"].where(pods["num_gpu"] > 0, 0) / 1000
    hours = (gpus * (pods["deletion_time"] - pods["scheduled_time"]))[ran].sum() / 3600
    assert value(found["scope"], "jobs") == len(pods)
    assert value(found["scope"], "gpu_hours") == pytest.approx(hours, rel=1e-9)
    assert value(found["supply"], "gpus") == nodes["gpu"].sum() == 6212
    by_type = {row["gpu"]: row["gpus"] for row in found["supply"]["tables"]["gpu_types"]["rows"]}
    assert by_type["G2"] == nodes.loc[nodes["model"] == "G2", "gpu"].sum()
    wait = (pods["scheduled_time"] - pods["creation_time"])[ran]
    assert value(found["queueing"], "wait_p90") == pytest.approx(wait.quantile(0.9))
    lost = (gpus * (pods["deletion_time"] - pods["scheduled_time"]))[
        ran & (pods["pod_phase"] == "Failed")
    ]
    assert value(found["waste"], "lost") == pytest.approx(lost.sum() / 3600, rel=1e-9)


def test_eagle(capfd: pytest.CaptureFixture[str]) -> None:
    found = reported(capfd, EAGLE, "--format", "eagle")
    jobs = pd.read_csv(EAGLE, parse_dates=["submit_time", "start_time", "end_time"])
    assert value(found["scope"], "jobs") == len(jobs)
    assert value(found["scope"], "gpu_jobs") == (jobs["gpus_req"] > 0).sum()
    hours = (jobs["gpus_req"] * jobs["run_time"]).sum() / 3600
    assert value(found["scope"], "gpu_hours") == pytest.approx(hours)
    wait = (jobs["start_time"] - jobs["submit_time"]).dt.total_seconds()
    for key, share in (("wait_p50", 0.5), ("wait_p90", 0.9), ("wait_p99", 0.99)):
        assert value(found["queueing"], key) == pytest.approx(wait.quantile(share))
    used = (jobs["run_time"] / jobs["wallclock_req"]).median()
    assert value(found["usage"], "time_used") == pytest.approx(used)
    timeouts = (jobs["state"] == "TIMEOUT").mean()
    assert value(found["risk"], "failure_rate") == pytest.approx(timeouts)
