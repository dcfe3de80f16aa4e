from __future__ import annotations

from dataclasses import replace

import planning
import pytest

from estimator.drystep.measurement import Device, DryStepReport
from estimator.plan.candidates import Inputs, plan_for
from estimator.plan.host import DEFAULT_SHM_BYTES, HostAssumptions, host_request
from estimator.plan.types import CandidatePlan, HostRequest, Question
from estimator.units import GIB, MIB

SMALL = planning.gpu("Small")
ROUND = HostAssumptions(
    process_bytes=2 * GIB,
    worker_bytes=128 * MIB,
    load_copies=1.0,
    image_seconds_per_byte=10e-9,
    other_seconds_per_byte=100e-9,
    headroom=0.0,
)
"""Figures to reckon with by hand; a batch of 32 samples has 32 MiB in the report below."""


def plan(rate: float = 100, batch: int = 32, count: int = 1) -> CandidatePlan:
    inputs = Inputs(Question(64, None), {"Small": SMALL}, planning.helpers(), planning.report())
    return plan_for(inputs, planning.answer(SMALL, rate, batch), count)


def request(of: CandidatePlan, report: DryStepReport | None = None) -> HostRequest:
    return host_request(of, report or planning.report(), ROUND)


def test_cores_follow_the_throughput() -> None:
    # a sample of 1 MiB at 10 ns a byte is 10.5 ms: 500/s keep 5.2 cores busy, so 6 workers
    asked = request(plan(rate=500))
    assert asked.cpu == 1 + 6
    assert "6 DataLoader workers" in asked.cpu_reason
    assert "500 samples/s" in asked.cpu_reason


def test_a_slow_gpu_still_has_two_workers() -> None:
    assert request(plan(rate=1)).cpu == 1 + 2


def test_text_costs_more_cpu_per_byte_than_images() -> None:
    # 100 ns a byte: 105 ms a sample, 100/s keep 10.5 cores busy
    text = planning.report(layers={"Linear": 4, "Embedding": 1})
    assert request(plan(rate=100), text).cpu == 1 + 11


def test_cores_stop_at_what_a_node_has_and_say_so() -> None:
    # 5000/s would take 52.4 cores
    asked = request(plan(rate=5000))
    assert asked.cpu == 1 + 15
    assert "53 workers would feed the GPU" in asked.cpu_reason


def test_shared_memory_holds_the_batches_in_flight() -> None:
    # 2 workers x 2 + 3 = 7 batches of 32 MiB
    asked = request(plan(rate=100))
    assert asked.shm_bytes == 7 * 32 * MIB
    assert "7 batches in flight x 32.0 MiB" in asked.shm_reason


def test_shared_memory_is_never_below_the_containers_default() -> None:
    tiny = planning.report(batch_bytes=1000)
    assert request(plan(), tiny).shm_bytes == DEFAULT_SHM_BYTES


def test_a_larger_batch_than_measured_is_scaled() -> None:
    # batch 64 is 64 MiB
    assert request(plan(batch=64)).shm_bytes == 7 * 64 * MIB


def test_memory_adds_up() -> None:
    # process 2 GiB; saving 2 GiB of optimizer state twice: 4 GiB; 2 workers of 128 MiB and two
    # batches of 32 MiB: 384 MiB; shm 224 MiB: 6.59 GiB, rounded up
    asked = request(plan())
    assert asked.memory_bytes == 7 * GIB
    for figure in ("2.00 GiB each", "4.00 GiB", "384.0 MiB", "/dev/shm: 224.0 MiB"):
        assert figure in asked.memory_reason


def test_many_gpus_load_the_weights_at_once() -> None:
    # 8 x 1 GiB of weights while loading beat 4 GiB while saving; per GPU 2 GiB and 384 MiB,
    # shm 8 x 224 MiB: 16 + 8 + 3 + 1.75 = 28.75 GiB
    asked = request(plan(count=8))
    assert asked.memory_bytes == 29 * GIB
    assert asked.cpu == 8 * 3


def test_the_request_is_per_node() -> None:
    assert request(plan(count=16)) == request(plan(count=8))


def test_headroom_is_on_everything_but_shm_twice() -> None:
    generous = replace(ROUND, headroom=0.5)
    asked = host_request(plan(), planning.report(), generous)
    assert asked.shm_bytes == 7 * 32 * MIB * 1.5
    # (2 + 4 + 0.375) x 1.5 + 0.328 = 9.89
    assert asked.memory_bytes == 10 * GIB


def test_a_real_gpu_run_has_measured_its_process() -> None:
    measured = replace(planning.report(), device=Device.GPU, host_peak_bytes=5 * GIB)
    assert "5.00 GiB each" in request(plan(), measured).memory_reason


@pytest.mark.parametrize("count", [1, 4, 8])
def test_a_larger_job_never_asks_for_less(count: int) -> None:
    less, more = request(plan(count=count)), request(plan(count=count, batch=128, rate=1000))
    assert less.memory_bytes <= more.memory_bytes
    assert less.cpu <= more.cpu
    assert less.shm_bytes <= more.shm_bytes
