"""Sections on jobs made by hand; the expected numbers are derived beside them."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from estimator.messages import Message
from estimator.report.cluster import Cluster, NodeKind
from estimator.report.data import Data
from estimator.report.sections.demand import demand
from estimator.report.sections.queueing import queueing
from estimator.report.sections.risk import risk
from estimator.report.sections.scope import scope
from estimator.report.sections.score import score
from estimator.report.sections.supply import edges, supply
from estimator.report.sections.usage import usage
from estimator.report.sections.waste import waste
from estimator.report.types import Window
from estimator.units import GIB
from estimator.values import Missing
from tests.report.made import NO_CLUSTER, data, figure, job, jobs, rows

TEAMS = (
    job(0, 10, 4, team="vision", gpu="A100", user="mei", template="resnet"),
    job(1, 5, 2, team="vision", gpu="A100", status="failed", template="resnet"),
    job(2, 8, 1, team="speech", gpu="T4", status="out_of_memory", gpu_utilization=0.5),
    job(3, 4, 1, team="speech", gpu="T4", gpu_utilization=0.25),
    job(4, 6, 0, team="web"),
)


def test_scope_counts_jobs_and_gpu_hours() -> None:
    section = scope(data(*TEAMS))
    assert figure(section, "jobs").value == 5
    assert figure(section, "gpu_jobs").value == 4
    # 40 + 10 + 8 + 4, and the job without a GPU has none
    assert figure(section, "gpu_hours").value == pytest.approx(62)
    ended = {row["status"]: row["jobs"] for row in rows(section, "statuses")}
    assert ended == {"succeeded": 3, "failed": 1, "out of memory": 1}
    known = {str(row["field"]): row["known"] for row in rows(section, "completeness")}
    assert (known["team"], known["user"], known["GPU utilisation"]) == (5, 1, 2)


def test_a_job_that_still_runs_counts_until_the_last_moment() -> None:
    running = {"submitted_at": 0, "started_at": 1, "gpu_count": 2, "status": "running"}
    pending = {"submitted_at": 3, "gpu_count": 8, "status": "pending"}
    section = scope(data(running, pending, job(2, 2)))
    # the last moment is the end of the third job, at 4 h: 2 GPUs for 3 h, and its own 2 h
    assert figure(section, "gpu_hours").value == pytest.approx(8)
    assert figure(section, "running").value == 1


def test_supply_and_what_was_held_of_it() -> None:
    section = supply(data(*TEAMS))
    assert figure(section, "gpus").value == 20
    by_type = {str(row["gpu"]): row for row in rows(section, "gpu_types")}
    # the window is from 0 to 10 h and one second
    hours = 10 + 1 / 3600
    assert by_type["A100"]["held"] == pytest.approx(50)
    assert by_type["A100"]["capacity"] == pytest.approx(16 * hours)
    assert by_type["A100"]["idle_cost"] == pytest.approx((16 * hours - 50) * 10)
    assert figure(section, "utilisation").value == pytest.approx(62 / (20 * hours))


def test_supply_without_a_cluster_says_so_and_what_was_held_at_least() -> None:
    section = supply(data(*TEAMS, cluster=NO_CLUSTER))
    assert "no --cluster was given" in section.lacking[0]
    # from 3 h to 6 h: 4 + 2 + 1 + 1
    assert figure(section, "most_held").value == 8


def test_a_gpu_type_that_the_cluster_does_not_have_and_one_without_a_price() -> None:
    from dataclasses import replace

    from tests.report.made import CLUSTER

    cluster = replace(CLUSTER, prices={"T4": 1.0})
    section = supply(data(*TEAMS, job(0, 1, 1, gpu="H900"), cluster=cluster))
    by_type = {str(row["gpu"]): row for row in rows(section, "gpu_types")}
    assert (by_type["H900"]["gpus"], by_type["H900"]["utilisation"]) == (0, None)
    assert by_type["A100"]["idle_cost"] is None
    assert any("A100" in line for line in section.lacking)


def test_demand_by_group_with_money() -> None:
    by_team = {str(row["team"]): row for row in rows(demand(data(*TEAMS)), "demand_by_group")}
    assert by_team["vision"]["held"] == pytest.approx(50)
    assert by_team["vision"]["cost"] == pytest.approx(500)
    # 8 x 0.5 + 4 x 0.25
    assert by_team["speech"]["used"] == pytest.approx(5)
    assert "web" not in by_team


def test_sizes_are_weighed_by_gpu_hours() -> None:
    sizes = {row["gpus"]: row for row in rows(demand(data(*TEAMS)), "job_sizes")}
    assert sizes["4-7"]["held_share"] == pytest.approx(40 / 62)
    assert sizes["1"]["jobs"] == 2
    shared = demand(data(job(0, 10, 1, gpu_share=0.25)))
    (only,) = rows(shared, "job_sizes")
    assert (only["gpus"], only["held"]) == ("<1", pytest.approx(2.5))


def in_zone(zone: str, start: str, end: str, *told: dict[str, Any]) -> Data:
    every, place = jobs(*told), ZoneInfo(zone)
    window = Window(*(datetime.fromisoformat(at).replace(tzinfo=place) for at in (start, end)))
    return Data(every, every, window, NO_CLUSTER, place, "team")


def test_hours_of_the_week_are_those_of_the_time_zone() -> None:
    # START is Tuesday 22:13 UTC, Wednesday 06:13 in Shanghai
    week = rows(
        demand(in_zone("Asia/Shanghai", "2023-11-01", "2023-12-01", job(0, 2))), "hours_of_week"
    )
    assert [(row["weekday"], row["hour"]) for row in week if row["jobs"]] == [("Wed", 6)]


def test_days_of_daylight_saving_have_23_and_25_hours() -> None:
    # New York changes on 2024-03-10 and 2024-11-03
    spring = edges(in_zone("America/New_York", "2024-03-09", "2024-03-12", job(0, 1)))
    autumn = edges(in_zone("America/New_York", "2024-11-02", "2024-11-05", job(0, 1)))
    assert [(b - a) / 3600 for a, b in pairwise(spring)] == [24, 23, 24]
    assert [(b - a) / 3600 for a, b in pairwise(autumn)] == [24, 25, 24]


def test_waste_is_what_failed_and_what_was_idle() -> None:
    section = waste(data(*TEAMS), ())
    # failed 2 x 5 h, out of memory 8 h; idle: the last T4 job, 4 h x 0.75
    assert figure(section, "lost").value == pytest.approx(18)
    assert figure(section, "idle").value == pytest.approx(3)
    # 10 h of A100 at 10, 8 + 3 h of T4 at 1
    assert figure(section, "cost").value == pytest.approx(111)
    vision, speech = rows(section, "waste_by_team")
    assert (speech["team"], speech["out_of_memory"]) == ("speech", pytest.approx(8))
    assert (vision["lost"], vision["cost"]) == (pytest.approx(10), pytest.approx(100))


def test_where_nobody_says_how_busy_gpus_were_no_idle_hours_are_made_up() -> None:
    section = waste(data(job(0, 2, team="a"), job(1, 2, team="a", status="failed")), ())
    assert [one.key for one in section.figures] == ["lost"]
    (team,) = rows(section, "waste_by_team")
    assert (team["lost"], team["idle"]) == (pytest.approx(2), None)


def test_jobs_that_do_not_say_their_gpu_type_ran_on_the_only_one_there_is() -> None:
    one_type = Cluster((NodeKind(1, "T4", 4),), {"T4": 2.0}, "CNY", source="c.yaml")
    (only,) = rows(supply(data(job(0, 10, 2), cluster=one_type)), "gpu_types")
    assert (only["gpu"], only["held"]) == ("T4", pytest.approx(20))
    (group,) = rows(demand(data(job(0, 10, 2), cluster=one_type)), "demand_by_group")
    assert group["cost"] == pytest.approx(40)


def test_usage_is_said_only_of_what_the_data_has() -> None:
    asked = {"requested_memory_bytes": 64 * GIB, "peak_memory_bytes": 16 * GIB, "team": "a"}
    section = usage(data(job(0, 2, **asked), job(1, 2, **{**asked, "peak_memory_bytes": 80 * GIB})))
    (overall,) = rows(section, "used_of_requested")
    assert (overall["jobs"], overall["p50"], overall["above"]) == (2, 0.75, 0.5)
    (group,) = rows(section, "host_memory_by_group")
    assert group["asked"] == pytest.approx(256)  # 2 x 64 GiB x 2 h
    assert group["used"] == pytest.approx(192)
    assert len(section.lacking) == 3


MEMORY = {"requested_memory_bytes": 64 * GIB, "node_count": 1}


def test_risk_tells_out_of_memory_from_near_misses() -> None:
    peaks = [(62, "succeeded"), (30, "succeeded"), (64, "out_of_memory"), (70, "succeeded")]
    told = [
        job(n, 1, template="t", status=status, peak_memory_bytes=peak * GIB, **MEMORY)
        for n, (peak, status) in enumerate(peaks)
    ]
    section = risk(data(*told))
    assert figure(section, "oom_rate").value == 0.25
    assert figure(section, "near_misses").value == 0.25
    (only,) = rows(section, "risk_by_template")
    assert (only["near"], only["above"], only["out_of_memory"]) == (1, 1, 1)


def test_queueing_in_hours_and_by_size() -> None:
    told = [
        {**job(n, 2, gpus), "submitted_at": n - wait}
        for n, (gpus, wait) in enumerate([(1, 0), (1, 1), (1, 2), (8, 6)], start=10)
    ]
    section = queueing(data(*told, {"submitted_at": 1, "status": "pending", "gpu_count": 8}))
    assert figure(section, "wait_p50").value == pytest.approx(1.5 * 3600)
    by_size = {row["size"]: row for row in rows(section, "waits_by_size")}
    assert by_size["8-15"]["p50"] == pytest.approx(6 * 3600)
    assert by_size["8-15"]["expansion"] == pytest.approx(4)  # (6 + 2) / 2
    assert section.notes[0].startswith("1 jobs never started")


PREDICTED = {
    "tool_version": "1",
    "predicted_host_memory_bytes_target": 10 * GIB,
    "predicted_host_memory_bytes_lower": 8 * GIB,
    "predicted_host_memory_bytes_upper": 12 * GIB,
    "requested_memory_bytes": 12 * GIB,
    "template": "t",
}


def test_our_own_advice_is_scored() -> None:
    advised = [
        job(n, 1, peak_memory_bytes=peak * GIB, **PREDICTED) for n, peak in enumerate((9, 11, 13))
    ]
    alone = [job(n, 1, template="t", requested_memory_bytes=32 * GIB) for n in range(3)]
    section = score(data(*advised, *alone))
    assert figure(section, "advised").value == 3
    assert figure(section, "under_allocated").value == pytest.approx(1 / 3)
    # 12 - 9 and 12 - 11 GiB for an hour, and the whole 12 of the one that got too little
    assert figure(section, "regret").value == pytest.approx(16)
    (host,) = rows(section, "predictions")
    assert (host["jobs"], host["within"], host["above"]) == (
        3,
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
    )
    (saved,) = rows(section, "savings")
    assert saved["saved"] == pytest.approx(3 * 20)


def test_without_predictions_there_is_no_score() -> None:
    section = score(data(*TEAMS))
    assert section.lacking
    assert not section.tables


def test_all_failed() -> None:
    failed = [{**one, "status": "failed"} for one in TEAMS]
    section = waste(data(*failed), ())
    assert figure(section, "lost").value == pytest.approx(62)
    assert figure(risk(data(*failed)), "failure_rate").value == 1.0


def test_every_word_can_be_said_in_chinese() -> None:
    section = scope(data(*TEAMS))
    assert isinstance(section.title, Message)
    assert all(isinstance(one.how, Message) for one in section.figures)
    assert not isinstance(figure(section, "jobs").value, Missing)
