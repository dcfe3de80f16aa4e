"""DataLoader workers, CPU cores and what is said of data, by the measured cost of a sample."""

from __future__ import annotations

from dataclasses import replace

import planning
import pytest

from estimator.drystep.loader import LoaderSeen, SampleCost
from estimator.drystep.measurement import DryStepReport
from estimator.plan.candidates import Inputs, plan_for
from estimator.plan.host import DEFAULT_SHM_BYTES, HostAssumptions, host_request
from estimator.plan.recommend import recommend
from estimator.plan.types import CandidatePlan, HostRequest, Question, Recommendation
from estimator.units import GIB, MIB
from estimator.values import Missing, Source

SMALL = planning.gpu("Small")
LIMITS = HostAssumptions(gpu_library_bytes=GIB, worker_bytes=128 * MIB, headroom=0.25)
"""A batch of 32 samples has 32 MiB in the report below."""


def script(
    processor: float = 0.01,
    waiting: float = 0.0,
    workers: int = 4,
    prefetch: int = 2,
    shared: bool = True,
) -> DryStepReport:
    cost = SampleCost(processor, waiting, samples=40, batches=5)
    loader = LoaderSeen(workers, prefetch, shared and workers > 0, cost)
    return replace(planning.report(), loader=loader)


def request(report: DryStepReport, rate: float = 200, count: int = 1) -> HostRequest:
    inputs = Inputs(Question(64, None), {"Small": SMALL}, planning.helpers(), report)
    return host_request(plan_for(inputs, planning.answer(SMALL, rate), count), report, LIMITS)


def test_workers_keep_up_with_headroom_over_the_measured_cost() -> None:
    # 200 samples/s x 10 ms = 2 workers, x 1.25 = 2.5, so 3
    asked = request(script(workers=0))
    assert (asked.feed.workers_needed, asked.feed.workers) == (3, 3)
    assert asked.cpu == 1 + 3
    assert asked.feed.source is Source.MEASURED
    assert asked.feed.reason == (
        "a sample takes 10 ms of CPU and 0 ms of waiting to make: measured on the CPU of this "
        "machine over 40 samples of the script's own DataLoader"
    )
    assert "200 samples/s per GPU x 10 ms of CPU each (measured), 25% headroom" in asked.cpu_reason


def test_workers_that_wait_take_no_cores() -> None:
    # (10 + 30 ms) x 200 x 1.25 = 10 workers, of which 10 ms x 200 x 1.25 = 2.5 compute
    asked = request(script(waiting=0.03))
    assert (asked.feed.workers, asked.feed.cores) == (10, 3)
    assert asked.cpu == 1 + 3


def test_all_workers_that_the_script_starts_are_counted_but_only_busy_ones_get_cores() -> None:
    asked = request(script(workers=20, prefetch=3))
    assert (asked.feed.workers, asked.feed.cores) == (20, 3)
    # 20 x 3 + 3 = 63 batches of 32 MiB, x 1.25
    assert asked.shm_bytes == 63 * 32 * MIB * 1.25


def test_too_few_workers_are_warned_of_and_enough_are_named() -> None:
    # one worker makes 100/s of the 200/s that the GPU takes
    verdict = request(script(workers=1)).feed.verdict
    assert verdict.startswith("the GPU will wait for data 50% of the time: num_workers=1 of the ")
    assert "at most 100 samples/s, a GPU takes 200" in verdict
    assert "num_workers=3 keeps up" in verdict


@pytest.mark.parametrize("workers", [2, 4])
def test_enough_workers_are_said_to_keep_up(workers: int) -> None:
    verdict = request(script(workers=workers)).feed.verdict
    assert verdict.startswith(f"data keeps up: num_workers={workers} ")
    assert f"up to {workers * 100} samples/s" in verdict


def test_where_no_number_of_workers_keeps_up_data_bounds_the_speed() -> None:
    # 15 workers make 1,500/s of 6,000/s; 75 would keep up with headroom
    asked = request(script(workers=4), rate=6000)
    assert (asked.feed.workers_needed, asked.feed.workers, asked.cpu) == (75, 15, 16)
    assert "even 15 DataLoader workers" in asked.feed.verdict
    assert "at most 1,500 samples/s, a GPU takes 6,000" in asked.feed.verdict
    assert "wait 75% of the time" in asked.feed.verdict
    assert asked.feed.verdict.endswith("num_workers=4 of the script makes 400")
    assert "num_workers" not in request(script(workers=20), rate=6000).feed.verdict
    assert asked.feed.made_per_second == pytest.approx(1500)


def test_the_training_process_makes_cheap_samples_itself() -> None:
    # 200/s x 1 ms x 1.25 = a quarter of a core; no worker, and nothing in /dev/shm
    asked = request(script(processor=0.001, workers=0))
    assert (asked.feed.workers, asked.cpu) == (0, 2)
    assert asked.shm_bytes == DEFAULT_SHM_BYTES
    assert "the script's DataLoader needs none" in asked.shm_reason
    assert "0 DataLoader workers" not in asked.memory_reason
    # 2 in the queue, 3 in use or with the reader, of 32 MiB
    assert "5 batches in flight in each process: 160.0 MiB" in asked.memory_reason


def test_workers_that_do_not_share_memory_hold_their_batches_elsewhere() -> None:
    asked = request(script(shared=False))
    assert asked.shm_bytes == DEFAULT_SHM_BYTES
    # 4 workers x 2 + 3
    assert "11 batches in flight in each process: 352.0 MiB" in asked.memory_reason


def test_the_process_of_a_script_was_measured_with_its_data() -> None:
    # 1 GiB measured + 1 GiB of libraries; 4 GiB of optimizer state while saving; 4 workers of
    # 128 + 64 MiB: 768 MiB; x 1.25 = 8.44 GiB; /dev/shm 440 MiB: 8.87, rounded up
    asked = request(script())
    assert "1 process of 1.00 GiB (measured) and 1.00 GiB of CUDA and cuDNN" in asked.memory_reason
    assert asked.memory_bytes == 9 * GIB


def test_each_gpu_is_fed_by_itself() -> None:
    alone, eight = request(script()), request(script(), count=8)
    assert eight.cpu == 8 * alone.cpu
    assert eight.shm_bytes == 8 * alone.shm_bytes
    assert eight.feed == alone.feed


def test_without_a_measured_cost_it_is_assumed_beside_what_the_script_sets() -> None:
    why = Missing("its samples are synthetic")
    report = replace(planning.report(), loader=LoaderSeen(5, 4, True, why))
    asked = request(report)
    # a sample of 1 MiB at 6 ns a byte is 6.3 ms: 200/s keep 1.3 cores busy
    assert (asked.feed.source, asked.feed.workers_needed) == (Source.ASSUMED, 2)
    assert (asked.feed.workers, asked.feed.workers_set, asked.feed.verdict) == (5, 5, "")
    assert asked.feed.reason.endswith("not measured: its samples are synthetic")
    assert "23 batches in flight" in asked.shm_reason  # 5 x 4 + 3


def test_without_a_step_time_nobody_knows_how_many_workers_keep_up() -> None:
    report = script(workers=0)
    inputs = Inputs(Question(64, None), {"Small": SMALL}, planning.helpers(), report)
    plan = plan_for(inputs, planning.untimed(planning.answer(SMALL, 100)), 1)
    asked = host_request(plan, report, LIMITS)
    assert asked.feed.workers_needed == planning.NO_TIME
    assert (asked.feed.workers, asked.feed.verdict) == (2, "")


@pytest.mark.parametrize(("workers", "said"), [(1, "will wait for data"), (9, "data keeps up")])
def test_what_is_found_is_among_the_reasons_of_the_recommendation(workers: int, said: str) -> None:
    report = script(workers=workers)
    answers = [planning.answer(SMALL, 200)]
    told = recommend(Question(1, None), answers, [SMALL], planning.helpers(), report)
    assert isinstance(told, Recommendation)
    assert said in told.reasons[-1]
    assert told.reasons[-2:] == (told.host.feed.reason, told.host.feed.verdict)


def test_of_a_model_file_nothing_is_said() -> None:
    report = planning.report()
    told = recommend(
        Question(1, None), [planning.answer(SMALL, 200)], [SMALL], planning.helpers(), report
    )
    assert isinstance(told, Recommendation)
    assert not any("a sample takes" in reason for reason in told.reasons)
    assert told.host.feed.workers_set == report.loader


def plans(report: DryStepReport, rate: float, uncertainty: float = 0.0) -> list[CandidatePlan]:
    """On 1, 2 and 4 GPUs of 32 samples a step each."""
    question = Question(64, None, dataset_size=15_000, epochs=1)
    inputs = Inputs(question, {"Small": SMALL}, planning.helpers(), report)
    answer = planning.answer(SMALL, rate, uncertainty=uncertainty)
    return [plan_for(inputs, answer, count) for count in (1, 2, 4)]


def test_no_plan_is_faster_than_its_data() -> None:
    # 15 workers for each GPU make 1,500 samples/s for it, of 6,000 that it could take
    one, two, four = plans(script(), 6000)
    assert [plan.throughput.target for plan in (one, two, four)] == [1500, 3000, 6000]
    assert (one.throughput.lower, one.throughput.upper) == (1200, 1875)  # cores +-25 %
    assert one.throughput.reason.startswith("bounded by data: what 15 DataLoader workers")
    # 32 samples at 1,500/s; 15,000 of them
    assert one.step_seconds.target == pytest.approx(32 / 1500)
    assert one.step_seconds.lower == pytest.approx(32 / 1875)
    assert one.duration_seconds.target == pytest.approx(10)
    assert one.if_fed.target == 6000
    assert request(script(), rate=6000).feed.samples_per_second == 6000


def test_workers_of_the_script_beyond_the_usual_bound_it_less() -> None:
    (one, *_) = plans(script(workers=30), 6000)
    assert one.throughput.target == 3000


def test_a_plan_that_data_does_not_bound_stays_as_it_was() -> None:
    with_data, without = plans(script(), 1000), plans(planning.report(), 1000)
    assert with_data == without
    assert with_data[0].if_fed is None


def test_data_may_bound_the_better_case_alone() -> None:
    # 1,400/s, up to 2,100/s without data, of which 1,875/s are made by faster cores
    (one, *_) = plans(script(), 1400, uncertainty=0.5)
    assert (one.throughput.target, one.throughput.upper) == (1400, 1875)
    assert one.if_fed is None
    assert one.step_seconds.target == pytest.approx(32 / 1400)
    assert one.step_seconds.lower == pytest.approx(32 / 1875)
    assert one.throughput.source is Source.VIRTUAL


@pytest.mark.parametrize(("report", "chosen"), [(planning.report(), "Large"), (script(), "Small")])
def test_where_data_bounds_the_speed_a_large_gpu_is_not_worth_it(report, chosen) -> None:  # type: ignore[no-untyped-def]
    """Twice the memory at eight times the speed, of which data leaves none."""
    large = planning.gpu("Large", memory_gib=32)
    answers = [planning.answer(SMALL, 1500), planning.answer(large, 12_000)]
    told = recommend(Question(1, None), answers, [SMALL, large], planning.helpers(), report)
    assert isinstance(told, Recommendation)
    assert told.plan.gpu == chosen


@pytest.mark.parametrize("workers", range(0, 20, 3))
@pytest.mark.parametrize("processor", [0.0001, 0.004, 0.05])
def test_a_faster_gpu_never_asks_for_less(workers: int, processor: float) -> None:
    report = script(processor, 0.002, workers)
    asked = [request(report, rate) for rate in (10, 100, 1000, 10_000)]
    assert [one.cpu for one in asked] == sorted(one.cpu for one in asked)
    assert [one.feed.workers for one in asked] == sorted(one.feed.workers for one in asked)
