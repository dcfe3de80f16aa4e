"""From a report to each GPU type, with the real catalogue, memory and throughput rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest

from estimator.answers import REPEAT_SPREAD, Evidence, gpu_answers, gpu_rows
from estimator.drystep.measurement import (
    CapacityTrial,
    Device,
    DryStepReport,
    KernelUse,
    MemoryBreakdown,
    Phase,
    Precision,
    StepMeasurement,
    TensorSpec,
)
from estimator.gpus.types import GpuType
from estimator.learning.correction import NoHistory
from estimator.memory.estimate import CAPACITY_TOLERANCE, allocator_capacity, capacity_classes
from estimator.memory.overhead import device_overhead
from estimator.plan.types import GpuAnswer
from estimator.records.types import Evidence as PastJobs
from estimator.records.types import JobFacts, Target
from estimator.result import GpuRow
from estimator.throughput.step_time import estimate_step_time
from estimator.throughput.types import StepTimeEstimate
from estimator.units import GIB, MIB
from estimator.values import Bounded, Missing, Source
from tests import builders
from tests.gpus import shipped_catalogue

CATALOGUE = shipped_catalogue()
ALL = CATALOGUE.types
T4, A100, H200 = (CATALOGUE.find(name) for name in ("T4", "A100-SXM4-80GB", "H200-SXM-141GB"))
FP32, FP16 = Precision(), Precision("O1", "float16")
NO_GPU = Missing("no real GPU was used")
FIXED, PER_SAMPLE = 1000 * MIB, 200 * MIB
"""What the allocator holds of the model, and for each sample of the batch."""


@dataclass(frozen=True)
class Times:
    """A history that says: this many times the prior."""

    memory: float = 1.0
    step: float = 1.0

    def correct(self, target: Target, facts: JobFacts, prior: Bounded[float]) -> Bounded[float]:
        factor = self.memory if target is Target.DEVICE_MEMORY else self.step
        sides = (prior.target * factor, prior.lower * factor, prior.upper * factor)
        return Bounded(*sides, Source.REGRESSED, f"{facts.model} on {facts.gpu}")

    def evidence(self, target: Target, facts: JobFacts) -> tuple[PastJobs, ...]:
        return (PastJobs("template", 7, 1, 0.5),)


def measured(
    batch: int,
    precision: Precision = FP32,
    device: Device = Device.VIRTUAL,
    seconds: float | Missing = NO_GPU,
) -> StepMeasurement:
    """A step of one matrix product; only a virtual GPU records it."""
    reserved = FIXED + batch * PER_SAMPLE
    dtype = "float32" if precision == FP32 else "float16"
    shapes = [TensorSpec(shape, dtype) for shape in ((batch * 1024, 4096), (4096, 4096))]
    product = KernelUse("matmul", Phase.FORWARD, tuple(shapes), (shapes[0],), count=100)
    return StepMeasurement(
        device=device,
        precision=precision,
        per_device_batch_size=batch,
        peak_allocated_bytes=reserved - 100 * MIB,
        peak_reserved_bytes=reserved,
        breakdown=MemoryBreakdown(reserved - 100 * MIB, 0, 0, 0, 0, 0),
        peak_phase=Phase.BACKWARD,
        kernels=(product,) if device is Device.VIRTUAL else (),
        batch_bytes=batch * MIB,
        step_seconds=seconds,
    )


def trial(capacity: int, asked: StepMeasurement) -> CapacityTrial:
    """What a search on a device of this capacity would have found; a real GPU has one alone."""
    largest = max(0, (capacity - FIXED) // PER_SAMPLE)
    ran: StepMeasurement | Missing = Missing("extrapolated, not run")
    if asked.device is not Device.GPU:
        ran = measured(largest, FP32, asked.device, asked.step_seconds)
    return CapacityTrial(capacity, FP32, largest, largest + 1, ran)


def evidence(gpus: Iterable[GpuType], *measurements: StepMeasurement, **rest: object) -> Evidence:
    """A report of the measurements and of a trial at every capacity the types need."""
    classes = capacity_classes(list(gpus), 1)
    report: DryStepReport = replace(
        builders.report(),
        device=measurements[0].device,
        measurements=measurements,
        trials=tuple(trial(capacity, measurements[0]) for capacity in classes),
    )
    return Evidence(report, classes, **{"correction": Times(), **rest})  # type: ignore[arg-type]


def row(gpu: GpuType, *measurements: StepMeasurement, **rest: object) -> GpuRow:
    (only,) = gpu_rows(evidence([gpu], *measurements, **rest), [gpu])
    return only


def batches(answers: Iterable[GpuAnswer], gpu: GpuType) -> list[int]:
    return [one.memory.per_device_batch_size for one in answers if one.gpu == gpu.name]


def time_of(of: GpuRow | GpuAnswer) -> StepTimeEstimate:
    assert isinstance(of.step_time, StepTimeEstimate)
    return of.step_time


def test_rows_from_answers_are_those_that_are_asked_for_alone() -> None:
    asked = evidence(ALL, measured(70), measured(70, FP16))
    assert gpu_rows(asked, ALL, gpu_answers(asked, ALL)) == gpu_rows(asked, ALL)


# ---- memory and batch sizes -------------------------------------------------------------------


@pytest.mark.parametrize("asked", [1, 32, 66, 70, 100, 150, 218, 395, 466, 705, 2000])
def test_a_type_on_which_a_batch_as_large_ran_fits(asked: int) -> None:
    rows = gpu_rows(evidence(ALL, measured(asked)), ALL)
    assert [one.gpu for one in rows] == list(ALL)
    for one in rows:
        if one.max_per_device_batch_size >= asked:
            assert one.memory.fits, one.gpu.name


@pytest.mark.parametrize("asked", [1, 32, 66, 70, 100, 150, 218, 395, 466, 705, 2000])
def test_a_type_fits_though_no_batch_as_large_ran_only_within_the_tolerance(asked: int) -> None:
    for one in gpu_rows(evidence(ALL, measured(asked)), ALL):
        if one.memory.fits and one.max_per_device_batch_size < asked:
            # tried at a capacity up to 3 % below its own
            need = FIXED + asked * PER_SAMPLE
            assert need <= allocator_capacity(one.gpu, 1)
            assert need * (1 - CAPACITY_TOLERANCE) <= (
                FIXED + (one.max_per_device_batch_size + 1) * PER_SAMPLE
            )


def test_the_largest_batch_is_that_of_the_types_own_capacity() -> None:
    # (14,227 - 1,000) / 200 = 66.1 and (80,129 - 1,000) / 200 = 395.6
    assert row(T4, measured(8)).max_per_device_batch_size == 66
    assert row(A100, measured(8)).max_per_device_batch_size == 395


def test_reserved_is_capped_where_a_batch_as_large_ran() -> None:
    capacity = allocator_capacity(T4, 1)
    roomy = replace(measured(66), peak_reserved_bytes=20 * GIB, workspace_bytes=GIB)
    memory = row(T4, roomy).memory
    assert memory.reserved_bytes == capacity
    assert memory.fits
    assert memory.device_memory.upper == capacity + device_overhead(T4, 1).upper


def test_scratch_is_cut_to_what_the_capacity_leaves() -> None:
    capacity = allocator_capacity(T4, 1)
    tight = replace(measured(66), peak_reserved_bytes=capacity - 10 * MIB, workspace_bytes=GIB)
    assert row(T4, tight).memory.reserved_bytes == capacity


def test_reserved_is_not_capped_where_no_batch_as_large_ran() -> None:
    # batch 67: 1,000 + 13,400 = 14,400 MiB of 14,227
    memory = row(T4, measured(67)).memory
    assert memory.reserved_bytes == 14_400 * MIB
    assert not memory.fits


def test_a_row_is_the_users_own_precision_and_batch() -> None:
    one = row(T4, measured(8), measured(8, FP16))
    assert one.precision == FP32
    assert one.memory.per_device_batch_size == time_of(one).per_device_batch_size == 8


def test_every_precision_is_answered_for_every_type() -> None:
    found = gpu_answers(evidence([T4, A100], measured(8), measured(8, FP16)), [A100, T4])
    at_asked = [(o.gpu, o.precision) for o in found if o.memory.per_device_batch_size == 8]
    assert at_asked == [(gpu.name, kind) for gpu in (A100, T4) for kind in (FP32, FP16)]


def test_round_batches_that_fit_are_offered_beside_the_largest() -> None:
    asked = evidence([T4, H200], measured(8))
    ladder = tuple(measured(1 << exponent) for exponent in range(3, 10))  # 8 to 512
    found = gpu_answers(replace(asked, report=replace(asked.report, ladder=ladder)), [T4, H200])
    # Each type has the four largest round sizes below its own largest. T4: 66, as above;
    # H200: (142,130 - 1,000) / 200 = 705.7
    assert batches(found, T4) == [8, 16, 32, 64, 66]
    assert batches(found, H200) == [8, 64, 128, 256, 512, 705]


def test_without_round_batches_the_asked_and_the_largest_are_answered() -> None:
    found = gpu_answers(evidence([T4, A100], measured(8)), [T4, A100])
    assert batches(found, T4) == [8, 66]
    assert batches(found, A100) == [8, 395]


def test_a_batch_that_ran_twice_is_answered_once() -> None:
    assert batches(gpu_answers(evidence([T4], measured(66)), [T4]), T4) == [66]


def test_a_type_on_which_nothing_ran_is_still_answered() -> None:
    large = replace(measured(8), peak_reserved_bytes=20 * GIB)
    asked = evidence([T4], large)
    failed = replace(asked.report.trials[0], max_per_device_batch_size=0, measurement=NO_GPU)
    nothing = replace(asked, report=replace(asked.report, trials=(failed,)))
    (only,) = gpu_answers(nothing, [T4])
    assert not only.memory.fits
    assert gpu_rows(nothing, [T4])[0].max_per_device_batch_size == 0


# ---- history ----------------------------------------------------------------------------------


def test_history_corrects_memory() -> None:
    plain, corrected = row(T4, measured(8)), row(T4, measured(8), correction=Times(memory=1.5))
    # 2,600 MiB reserved + 252 of context = 2,852 MiB; half as much again is 4,278
    assert plain.memory.device_memory.target == 2_852 * MIB
    assert corrected.memory.device_memory.target == 4_278 * MIB
    assert corrected.memory.device_memory.source is Source.REGRESSED
    assert corrected.memory.device_memory.reason == "ResNet on T4"
    assert corrected.memory.reserved_bytes == plain.memory.reserved_bytes


def test_a_row_says_what_past_jobs_changed_and_which() -> None:
    learnt = row(T4, measured(8), correction=Times(memory=1.5, step=2.0)).learnt
    assert [one.target for one in learnt] == [Target.DEVICE_MEMORY, Target.STEP_TIME]
    assert learnt[0].after.target == pytest.approx(1.5 * learnt[0].before.target)
    assert learnt[1].after.target == pytest.approx(2.0 * learnt[1].before.target)
    assert learnt[0].evidence == (PastJobs("template", 7, 1, 0.5),)
    assert row(T4, measured(8), correction=NoHistory()).learnt == ()


def test_history_never_goes_below_what_the_allocator_held() -> None:
    memory = row(T4, measured(8), correction=Times(memory=0.1)).memory
    assert memory.device_memory.target == memory.reserved_bytes == 2_600 * MIB
    assert memory.device_memory.upper == memory.device_memory.target
    assert memory.device_memory.lower < memory.device_memory.target


def test_history_corrects_step_time_and_throughput_alike() -> None:
    plain = time_of(row(T4, measured(8)))
    slower = time_of(row(T4, measured(8), correction=Times(step=2.0)))
    assert slower.step_seconds.target == pytest.approx(2 * plain.step_seconds.target)
    assert slower.throughput.target == pytest.approx(plain.throughput.target / 2)
    assert slower.throughput.lower == pytest.approx(8 / slower.step_seconds.upper)
    assert slower.throughput.upper == pytest.approx(8 / slower.step_seconds.lower)
    assert slower.share == plain.share


# ---- step time --------------------------------------------------------------------------------


def test_a_kernel_record_gives_a_time_for_every_type() -> None:
    asked = measured(8)
    for one in gpu_rows(evidence(ALL, asked), ALL):
        prior = estimate_step_time(asked.kernels, one.gpu, 8)
        assert time_of(one).step_seconds.target == pytest.approx(prior.step_seconds.target)
        assert time_of(one).share == prior.share


def test_a_step_on_the_cpu_gives_no_time_and_says_why() -> None:
    why = Missing("a step on the CPU says nothing about a GPU's time")
    asked = evidence(ALL, measured(8, device=Device.CPU, seconds=why))
    assert {one.step_time for one in gpu_rows(asked, ALL)} == {why}
    assert {one.step_time for one in gpu_answers(asked, ALL)} == {why}


def test_a_step_on_a_real_gpu_is_the_time_of_that_type_alone() -> None:
    timed = measured(8, device=Device.GPU, seconds=0.5)
    here, other = gpu_rows(evidence([A100, T4], timed, measured_on=A100.name), [A100, T4])
    step = time_of(here)
    assert step.step_seconds.source is step.throughput.source is Source.MEASURED
    assert step.step_seconds.target == 0.5
    # repeats differ by up to 14 %: 0.5 / 1.14 to 0.5 x 1.14
    assert step.step_seconds.lower == pytest.approx(0.4386, abs=1e-4)
    assert step.step_seconds.upper == pytest.approx(0.57)
    assert step.throughput.target == 16
    assert step.throughput.upper / step.throughput.target == pytest.approx(1 + REPEAT_SPREAD)
    assert "14%" in step.step_seconds.reason
    assert step.share == {}
    assert other.step_time == Missing(
        "steps were timed on A100-SXM4-80GB alone, and their kernels are not recorded"
    )


def test_history_does_not_change_what_was_measured() -> None:
    timed = measured(8, device=Device.GPU, seconds=0.5)
    rest = {"measured_on": T4.name, "correction": Times(step=2.0)}
    assert time_of(row(T4, timed, **rest)).step_seconds.target == 0.5


def test_a_real_gpu_outside_the_catalogue_gives_no_time_at_all() -> None:
    (one,) = gpu_rows(evidence([T4], measured(8, device=Device.GPU, seconds=0.5)), [T4])
    assert isinstance(one.step_time, Missing)
    assert "a GPU that the catalogue does not have" in one.step_time.reason
