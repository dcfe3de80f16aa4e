"""Packing and what-ifs on jobs whose answer can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estimator.errors import BadInput
from estimator.report.advice import Change, Confidence
from estimator.report.cluster import Cluster, NodeKind
from estimator.report.sections.packing import packing
from estimator.report.sections.whatif import whatif
from estimator.report.simulate.scenario import (
    Scenario,
    changed_cluster,
    changed_jobs,
    parse_scenario,
)
from estimator.units import GIB
from tests.report.made import HOUR, NO_CLUSTER, data, figure, job, jobs, rows

ONE_NODE = Cluster((NodeKind(1, "T4", 2),), {"T4": 1.0}, "CNY", source="c.yaml")
# two jobs of both GPUs at once, every day for five weeks: the second waits an hour
PAIRS = [job(24 * day, 1, 2, gpu="T4", template="t") for day in range(35) for _ in range(2)]


def test_waits_with_more_and_with_fewer_gpus() -> None:
    asked = [parse_scenario(words) for words in ("T4+2", "T4-1")]
    section = whatif(data(*PAIRS, cluster=ONE_NODE), (), asked)
    now, more, fewer = rows(section, "scenarios")
    assert now["wait"] == pytest.approx(HOUR / 2)
    assert (more["wait"], more["longer"]) == (0.0, pytest.approx(-HOUR / 2))
    # every week is alike, so drawing weeks again changes nothing
    assert (more["longer_lower"], more["longer_upper"]) == pytest.approx((-HOUR / 2, -HOUR / 2))
    assert (fewer["gpus"], fewer["never"], fewer["wait"]) == (1, 70, None)
    assert more["cost"] == 4 * 7 * 24
    # 70 jobs x 2 GPU-hours over 34 days and two hours of two GPUs
    assert now["utilisation"] == pytest.approx(140 / (2 * (34 * 24 + 2)))


def test_the_rule_nearer_to_the_traces_own_waits_is_taken() -> None:
    # a job of 2 waits behind one of 1; a small one passes it, which only backfill allows
    told = []
    for day in range(10):
        at = 24 * day
        told.append(job(at, 2, 1, gpu="T4"))
        told.append({**job(at + 2, 1, 2, gpu="T4"), "submitted_at": at + 0.5})
        told.append({**job(at + 1, 0.5, 1, gpu="T4"), "submitted_at": at + 1})
    section = whatif(data(*told, cluster=ONE_NODE), (), [Scenario("x")])
    assert "backfill" in section.notes[0]
    own, first, backfill = rows(section, "calibration")
    assert own["mean"] == pytest.approx(backfill["mean"])
    assert first["mean"] > own["mean"]


def test_waits_that_gpus_do_not_explain_are_said() -> None:
    told = [{**job(24 * day + 5, 1, gpu="T4"), "submitted_at": 24 * day} for day in range(10)]
    section = whatif(data(*told, cluster=ONE_NODE), (), [])
    assert any("something else" in note for note in section.notes)


def test_nothing_to_replay() -> None:
    assert "no --cluster" in whatif(data(*PAIRS, cluster=NO_CLUSTER), (), []).lacking[0]
    nowhere = data(
        job(0, 1, gpu="H900"),
        cluster=replace(ONE_NODE, nodes=(NodeKind(1, "A", 1), NodeKind(1, "B", 1))),
    )
    assert whatif(nowhere, (), []).lacking
    assert packing(nowhere).lacking


def change(target: str, before: int | str, after: int | str, ratio: float = 1.0) -> Change:
    return Change(
        "t", target, before, after, 30, 30, 0.0, None, None, Confidence.HIGH, (), "", ratio
    )


def test_advice_is_taken_only_by_jobs_that_it_would_have_suited() -> None:
    told = jobs(
        job(0, 1, template="t", requested_memory_bytes=64 * GIB, peak_memory_bytes=8 * GIB),
        job(1, 1, template="t", requested_memory_bytes=64 * GIB, peak_memory_bytes=40 * GIB),
        job(2, 1, template="u", requested_memory_bytes=64 * GIB),
        job(3, 1, template="t", gpu="A100"),
    )
    advice = [change("host_memory_bytes", 64 * GIB, 16 * GIB), change("gpu", "A100", "T4", 3.0)]
    after = changed_jobs(told.frame, advice)
    assert (after["requested_memory_bytes"] / GIB).tolist()[:3] == [16, 64, 64]
    assert after["gpu"].tolist()[3] == "T4"
    assert after["seconds"].tolist()[3] == pytest.approx(3 * HOUR)


def test_utilisation_is_bounded_over_weeks() -> None:
    # a week of one job of both GPUs after a week of none: between nothing held and all
    told = [job(0, 1, 2, gpu="T4"), job(7 * 24, 7 * 24, 2, gpu="T4")]
    section = whatif(data(*told, cluster=ONE_NODE), (), [parse_scenario("T4+2")])
    now, more = rows(section, "scenarios")
    assert now["utilisation"] == pytest.approx(169 / 336)
    assert now["utilisation_lower"] == pytest.approx(1 / 168)
    assert now["utilisation_upper"] == pytest.approx(1.0)
    assert more["utilisation"] == pytest.approx(169 / 672)
    found = figure(section, "utilisation")
    assert (found.lower, found.n) == (pytest.approx(1 / 168), 2)


def test_a_limit_of_a_queue_that_no_job_is_in_is_said() -> None:
    section = whatif(data(*PAIRS, cluster=ONE_NODE), (), [parse_scenario("queue:nobody=2")])
    assert "no job is in queue nobody: its limit changes nothing" in section.notes
    section = whatif(data(*PAIRS, cluster=ONE_NODE), (), [parse_scenario("A100=8,T4+1")])
    assert "no job asks for GPU type A100: more of it changes nothing" in section.notes
    assert len([note for note in section.notes if "asks for GPU type" in note]) == 1


def test_advised_numbers_of_gpus_are_replayed() -> None:
    told = jobs(job(0, 1, 4, template="t"), job(1, 1, 2, template="t"), job(2, 1, 4, template="u"))
    after = changed_jobs(told.frame, [change("gpu_count", 4.0, 0.5)])
    assert after["gpus"].tolist() == [0.5, 2, 4]


def test_adopting_advice_lets_jobs_share_a_node() -> None:
    node = Cluster((NodeKind(1, "T4", 2, memory_bytes=64 * GIB),), {"T4": 1.0})
    memory = {"requested_memory_bytes": 60 * GIB, "peak_memory_bytes": 8 * GIB, "template": "t"}
    told = [job(24 * day, 1, 1, gpu="T4", **memory) for day in range(20) for _ in range(2)]
    advice = [change("host_memory_bytes", 60 * GIB, 16 * GIB)]
    now, adopted = rows(
        whatif(data(*told, cluster=node), advice, [Scenario("adopt", adopt=True)]), "scenarios"
    )
    assert now["wait"] == pytest.approx(HOUR / 2)
    assert adopted["wait"] == 0.0


def test_packing_counts_stranded_gpus() -> None:
    two = Cluster((NodeKind(2, "T4", 4),), {}, source="c.yaml")
    # 3 + 3 of 4 + 4 for ten hours; from the fifth on a job of 2 finds no room
    told = [job(0, 10, 3), job(0, 10, 3), job(5, 1, 2)]
    section = packing(data(*told, cluster=two))
    assert figure(section, "stranded").value == pytest.approx(5 * 2)
    on_node, several = rows(section, "largest_gang")
    assert (on_node["half"], several["half"]) == (1, 1)
    assert "1 of 3 jobs found no room" in section.notes[0]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("adopt", Scenario("adopt", adopt=True)),
        ("A100-80G+8", Scenario("A100-80G+8", gpus=(("A100-80G", 8),))),
        ("A100-80G-8", Scenario("A100-80G-8", gpus=(("A100-80G", -8),))),
        ("A100=64, T4=0", Scenario("A100=64, T4=0", mix=(("A100", 64), ("T4", 0)))),
        ("queue:vision=16", Scenario("queue:vision=16", queues=(("vision", 16),))),
    ],
)
def test_words_of_a_what_if(words: str, expected: Scenario) -> None:
    assert parse_scenario(words) == expected


@pytest.mark.parametrize("words", ["", "A100", "A100+", "+8", "A100*2", "queue:x+1", "adopt,"])
def test_words_that_are_no_what_if(words: str) -> None:
    with pytest.raises(BadInput, match="no what-if"):
        parse_scenario(words)


def test_a_cluster_of_another_mix_and_other_limits() -> None:
    changed = changed_cluster(ONE_NODE, parse_scenario("T4=6,A100+8,queue:a=3"))
    assert changed.gpus() == {"A100": 8, "T4": 6}
    assert changed.queues == {"a": 3}
