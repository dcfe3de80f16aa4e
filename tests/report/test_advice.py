"""Changes to templates that past jobs speak for, with their diff and their confidence."""

from __future__ import annotations

import pytest

from estimator.report.advice import Prices, changes
from estimator.report.sections.waste import waste
from estimator.units import GIB
from tests.report.made import HOUR, data, job, jobs, rows

MEMORY = {"requested_memory_bytes": 64 * GIB, "node_count": 1}
PRICES = Prices({"A100": 10.0}, None)


def test_a_template_that_asks_for_too_much_gets_a_diff_with_its_confidence() -> None:
    told = [
        job(n, 2, template="ocr", peak_memory_bytes=(8 + n % 3) * GIB, **MEMORY) for n in range(40)
    ]
    (change,) = changes(jobs(*told).frame, Prices({}, 0.5))
    assert (change.template, change.target) == ("ocr", "host_memory_bytes")
    assert (change.before, change.jobs, change.affected) == (64 * GIB, 40, 40)
    assert isinstance(change.after, int)
    assert 10 * GIB < change.after < 32 * GIB
    assert change.gib_hours == pytest.approx((64 - change.after / GIB) * 80)
    assert change.money == pytest.approx(change.gib_hours * 0.5)
    assert change.confidence == "high"
    assert "-          memory: 64Gi" in change.diff
    assert "+          memory: " in change.diff


def test_a_template_that_runs_out_of_memory_is_told_to_ask_for_more() -> None:
    small = {"template": "det", "requested_memory_bytes": 8 * GIB}
    told = [job(n, 2, peak_memory_bytes=7.9 * GIB, **small) for n in range(10)]
    told += [
        job(n, 1, **{**small, "peak_memory_bytes": 8 * GIB, "status": "out_of_memory"})
        for n in range(10, 16)
    ]
    (change,) = changes(jobs(*told).frame, Prices({}, None))
    assert isinstance(change.after, int)
    assert change.after > 8 * GIB
    assert change.gib_hours < 0
    assert change.money is None


def test_nothing_is_advised_on_four_jobs() -> None:
    told = [job(n, 2, template="x", peak_memory_bytes=GIB, **MEMORY) for n in range(4)]
    assert changes(jobs(*told).frame, Prices({}, None)) == ()


def test_a_cheaper_gpu_type_is_advised_only_where_the_template_ran_on_it() -> None:
    dear = [job(n, 2 + n % 2 * 0.1, gpu="A100", template="cls") for n in range(30)]
    cheap = [job(n, 5 + n % 2 * 0.1, gpu="T4", template="cls") for n in range(30)]
    (change,) = changes(jobs(*dear, *cheap).frame, Prices({"A100": 10.0, "T4": 1.0}, None))
    # 20.5 on A100, 5.05 on T4, thirty jobs
    assert (change.before, change.after, change.affected) == ("A100", "T4", 30)
    assert change.money == pytest.approx(30 * (20.5 - 5.05))
    assert changes(jobs(*dear).frame, Prices({"A100": 10.0, "T4": 1.0}, None)) == ()
    # where the price of one is not known nothing is compared
    assert changes(jobs(*dear, *cheap).frame, Prices({"A100": 10.0}, None)) == ()


def test_a_time_limit_that_is_far_too_high_is_lowered() -> None:
    told = [
        job(n, 2 + n % 2 / 10, template="cls", requested_duration_s=24 * HOUR) for n in range(40)
    ]
    (change,) = changes(jobs(*told).frame, PRICES)
    assert (change.target, change.before, change.affected) == ("duration_s", 24 * HOUR, 40)
    assert isinstance(change.after, int)
    assert 2.1 * HOUR <= change.after <= 18 * HOUR
    assert change.after % 600 == 0
    assert change.diff == (
        f" job:\n-  activeDeadlineSeconds: 86400\n+  activeDeadlineSeconds: {change.after}"
    )
    # nobody knows which job would have hung
    assert (change.money, change.gpu_hours) == (None, 0.0)
    assert change.risk is not None
    assert change.risk <= 0.01


def test_a_time_limit_that_jobs_run_into_is_raised_to_twice_itself_at_most() -> None:
    limit = {"template": "det", "gpu": "A100", "requested_duration_s": 4 * HOUR}
    told = [job(n, 3.9, **limit) for n in range(10)]
    told += [job(n, 4, **{**limit, "status": "timeout"}) for n in range(10, 16)]
    (change,) = changes(jobs(*told).frame, PRICES)
    assert isinstance(change.after, int)
    assert 4 * HOUR < change.after <= 8 * HOUR
    # six jobs of four hours left nothing behind
    assert change.gpu_hours == pytest.approx(24)
    assert change.money == pytest.approx(240)
    assert "6 jobs of the window ran into the limit" in change.reasons


@pytest.mark.parametrize(("hours", "limit"), [(20.0, 24.0), (0.1, 0.5)])
def test_a_time_limit_that_fits_or_costs_little_stays(hours: float, limit: float) -> None:
    asked = {"template": "llm", "requested_duration_s": limit * HOUR}
    told = [job(n, hours, **asked) for n in range(40)]
    assert changes(jobs(*told).frame, PRICES) == ()


def test_a_time_limit_is_raised_to_what_other_jobs_took() -> None:
    told = [job(n, 5, template="det", requested_duration_s=6 * HOUR) for n in range(5)]
    short = {"template": "det", "requested_duration_s": 2 * HOUR, "status": "timeout"}
    told += [job(n, 2, **short) for n in range(5, 12)]
    (change,) = changes(jobs(*told).frame, PRICES)
    # past jobs are kept in bins: five hours are within one that ends a little later
    assert (change.before, change.after) == (2 * HOUR, 5 * HOUR + 600)


def test_gpus_that_are_idle_are_given_back() -> None:
    told = [job(n, 2, 4, template="ocr", gpu="A100", gpu_utilization=0.2) for n in range(60)]
    (change,) = changes(jobs(*told).frame, PRICES)
    # 4 x 0.2 busy, and a quarter more: one GPU
    assert (change.target, change.before, change.after) == ("gpu_count", 4, 1)
    assert change.diff == " policy:\n-  max_gpus: 4\n+  max_gpus: 1"
    # sixty jobs of two hours give back three GPUs each
    assert change.gpu_hours == pytest.approx(360)
    assert change.money == pytest.approx(3600)
    assert change.risk == pytest.approx(1 / 61)
    assert change.confidence == "high"


@pytest.mark.parametrize(("peak", "confidence"), [(8 * GIB, "high"), (None, "low")])
def test_one_gpu_that_is_idle_is_shared(peak: float | None, confidence: str) -> None:
    told = [
        job(n, 2, template="ocr", gpu="A100", gpu_utilization=0.2, peak_device_bytes=peak)
        for n in range(60)
    ]
    (change,) = changes(jobs(*told).frame, PRICES)
    # 0.2 busy and a quarter more, in tenths
    assert (change.before, change.after) == (1, 0.3)
    assert "+  sharing: hami" in change.diff
    assert "+          nvidia.com/gpucores: 30" in change.diff
    assert change.gpu_hours == pytest.approx(60 * 2 * 0.7)
    assert change.confidence == confidence


@pytest.mark.parametrize("busy", [0.7, 0.95, 1.1])
def test_gpus_that_are_busy_are_kept(busy: float) -> None:
    told = [job(n, 2, 1, template="ocr", gpu="A100", gpu_utilization=busy) for n in range(60)]
    assert changes(jobs(*told).frame, PRICES) == ()


def test_failed_jobs_do_not_speak_for_idle_gpus() -> None:
    told = [job(n, 2, 4, template="ocr", gpu_utilization=0.0, status="failed") for n in range(60)]
    assert changes(jobs(*told).frame, PRICES) == ()


def test_the_page_says_how_many_jobs_advice_is_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = data(*(job(n, 2, template="cls", requested_duration_s=24 * HOUR) for n in range(10)))
    assert waste(told, ()).notes == (
        "changes of memory and time limits are learnt from 10 jobs that say their request",
    )
    monkeypatch.setattr("estimator.report.sections.waste.MOST_LEARNT", 7)
    monkeypatch.setattr("estimator.report.advice.learning.MOST_LEARNT", 7)
    (note,) = waste(told, ()).notes
    assert "the latest 7 of 10 jobs" in note
    (change,) = changes(told.frame, PRICES)
    assert (change.jobs, change.affected) == (7, 10)


def test_changes_are_told_in_their_own_unit() -> None:
    told = [job(n, 2, 4, template="a", gpu_utilization=0.2) for n in range(60)]
    told += [job(n, 2, template="b", requested_duration_s=24 * HOUR) for n in range(40)]
    section = waste(data(*told), changes(jobs(*told).frame, PRICES))
    by_template = {row["template"]: row for row in rows(section, "changes")}
    assert (by_template["a"]["before"], by_template["a"]["after"]) == ("4", "1")
    assert by_template["b"]["before"] == "24h 00m"
