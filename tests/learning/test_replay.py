from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estimator.learning.advisor import Advisor
from estimator.learning.baselines import BASELINES, baselines_for
from estimator.learning.ending import Ending
from estimator.learning.replay import allocations, replay
from estimator.learning.trace import Task, Trace, read_trace
from estimator.records.mapping import parse_mapping
from estimator.records.reading.problems import Tally
from estimator.units import GIB
from tests.learning.tasks import ONE, later

SIZEY = Path(__file__).parents[3] / "shared" / "data" / "history" / "sizey"
COLUMNS = (
    "template=process requested_memory_bytes=memory peak_memory_bytes=peak_rss "
    "submitted_at=submit:ms finished_at=complete:ms duration=realtime:ms"
)


def asked(tasks: list[Task], rule: str = "krr_max_x1.15") -> list[float]:
    return allocations(tasks, BASELINES[rule]())


def test_only_tasks_that_ended_before_a_submission_are_known() -> None:
    tasks = [ONE, later(30.0), later(60.0), later(60.5)]
    # the first ends at 60: neither at 30 nor at 60 itself is that known, at 60.5 it is
    expected = [8 * GIB, 8 * GIB, 8 * GIB, 2 * GIB * 1.15]
    assert asked(tasks) == pytest.approx(expected)


def test_the_rules_that_ship_elsewhere() -> None:
    peaks = [1.0, 2.0, 3.0, 4.0, 10.0]
    tasks = [later(100.0 * i, peak=peak * GIB) for i, peak in enumerate(peaks)]
    last = later(1000.0)
    known = [*tasks, last]
    assert asked(known)[-1] == pytest.approx(11.5 * GIB)  # 10 x 1.15, above the request of 8
    # between the 4th and 5th of five at place 0.9 x 4 = 3.6: 4 + 0.6 x 6 = 7.6; x 1.15 = 8.74
    assert asked(known, "vpa_p90_x1.15")[-1] == pytest.approx(8.74 * GIB)
    assert asked(known, "capped_max_x1.15_n5")[-1] == 8 * GIB
    assert asked(tasks, "capped_max_x1.3_n5")[-1] == 8 * GIB  # four ended: too few
    assert asked(known, "user_request")[-1] == 8 * GIB
    assert asked(known, "history_alone")[-1] == 10 * GIB


def test_templates_do_not_mix() -> None:
    assert asked([ONE, later(100.0, template="sort")])[-1] == 8 * GIB


def test_scores_count_tasks_and_weigh_memory_by_time() -> None:
    tasks = (ONE, later(100.0, peak=3.0 * GIB, seconds=30.0))
    score = replay([Trace("t", tasks, Tally())], BASELINES)["krr_max_x1.15"].scores[0]
    # asked for 8 for 60 s and 2.3 for 30 s of 8 for 90 s; 2.3 is below the peak of 3
    assert (score.tasks, score.under) == (2, 1)
    assert score.allocated_over_requested == pytest.approx((8 * 60 + 2.3 * 30) / (8 * 90))
    assert score.used_over_requested == pytest.approx((2 * 60 + 3 * 30) / (8 * 90))
    # the one that got too little runs once more, with its request
    assert score.retried_over_requested == pytest.approx((8 * 60 + 10.3 * 30) / (8 * 90))


def test_overall_is_of_all_tasks_and_the_mean_of_files() -> None:
    good = Trace("good", (ONE,) * 3, Tally())
    bad = Trace("bad", (ONE, later(100.0, peak=8.0 * GIB)), Tally())
    result = replay([good, bad], BASELINES)["krr_max_x1.15"]
    assert result.under_rate == 1 / 5
    assert result.mean(lambda score: score.under_rate) == 1 / 4


def test_a_task_without_any_time_costs_nothing() -> None:
    trace = Trace("t", (replace(ONE, seconds=0.0),), Tally())
    assert replay([trace], BASELINES)["user_request"].scores[0].allocated_over_requested == 1.0


def test_a_killed_task_is_learnt_from_and_not_counted() -> None:
    killed = replace(ONE, peak=8.0 * GIB, ending=Ending.OUT_OF_MEMORY)
    tasks = (killed, later(100.0))
    assert replay([Trace("t", tasks, Tally())], BASELINES)["user_request"].scores[0].tasks == 1
    # it needed more than 8: ours asks for at least 8 x 1.2 afterwards, whatever the request
    assert allocations(tasks, Advisor())[-1] >= 8 * GIB * 1.2


def test_ours_leaves_a_little_off_where_nothing_is_known() -> None:
    assert allocations([ONE], Advisor()) == [8 * GIB * 0.95]


def test_ours_learns_a_steady_template_and_never_goes_below_its_peak() -> None:
    tasks = [later(100.0 * i) for i in range(30)]
    last = allocations(tasks, Advisor())[-1]
    assert 2 * GIB <= last < 2.2 * GIB


def test_predictions_are_a_rule_where_there_are_any() -> None:
    plain = Trace("t", (ONE,), Tally())
    predicted = Trace("t", (replace(ONE, prior=3.0 * GIB), ONE), Tally())
    assert "dry_step_alone" not in baselines_for([plain])
    rule = baselines_for([predicted])["dry_step_alone"]
    assert allocations(predicted.tasks, rule()) == [3 * GIB, 8 * GIB]


@pytest.mark.skipif(not SIZEY.is_dir(), reason="needs ../shared, which only the project's CI has")
def test_the_bar_on_public_workflows() -> None:
    mapping = parse_mapping(COLUMNS.split())
    traces = [read_trace(path, mapping) for path in sorted(SIZEY.glob("trace_*.csv"))]
    rules = {"ours": Advisor, "krr": BASELINES["krr_max_x1.15"]}
    results = replay(traces, rules)
    ours, krr = results["ours"], results["krr"]
    assert [score.tasks for score in ours.scores] == [2937, 1661, 1011, 1308]
    assert ours.under_rate <= 0.005
    assert ours.mean(lambda score: score.allocated_over_requested) <= 0.75
    # counted by an independent script, from lists of past peaks
    assert [score.under for score in krr.scores] == [195, 34, 56, 54]
