"""Extrapolation from small batch sizes: made-up timelines that are affine, convex and uneven."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.cpu_scaling import (
    CpuStep,
    CpuSteps,
    allocated_interval,
    batch_sizes_for,
    capacity_trial,
    extrapolate,
    reserved_interval,
)
from estimator.drystep.cpu_trace import Kind, Lifetime, StepTimeline
from estimator.drystep.measurement import Device, Phase, Precision
from estimator.errors import InternalError
from estimator.units import GIB
from estimator.values import Missing, Source

PHASES = (Phase.FORWARD, Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER)


def step(batch_size, *lifetimes, phases=PHASES):
    timeline = StepTimeline(tuple(lifetimes), phases)
    return CpuStep(batch_size, 12 * batch_size, 0, timeline, {})


def affine(batch_size):
    """Parameters 1000; activations 100 a sample in the backward pass, 5000 in the update."""
    return step(
        batch_size,
        Lifetime(1000, 0, 4, Kind.PARAMETERS),
        Lifetime(100 * batch_size, 2, 3, Kind.ACTIVATIONS),
        Lifetime(5000, 3, 4, Kind.TEMPORARY),
    )


def quadratic(batch_size):
    """A similarity matrix: 1024 bytes for every pair of samples."""
    return step(batch_size, Lifetime(1024 * batch_size**2, 0, 4, Kind.ACTIVATIONS))


def uneven(batch_size):
    """A program that makes one tensor of 256 bytes for each sample: other events each time."""
    lives = (Lifetime(256, i, batch_size + 1, Kind.ACTIVATIONS) for i in range(batch_size))
    return step(batch_size, *lives, phases=(Phase.FORWARD,) * (batch_size + 1))


def steps(make, *sizes):
    return CpuSteps(tuple(make(size) for size in sizes or (2, 4, 6)))


def test_the_peak_moves_to_the_backward_pass_at_a_size_never_computed():
    # Computed sizes peak in the update: 1000 + 5000 aligned 1024 + 5120. At 100 the backward
    # pass holds 1024 + aligned(100 * 100) = 1024 + 10240. A line through the peaks misses it.
    small, asked = steps(affine), extrapolate(steps(affine), 100)
    assert extrapolate(small, 6).peak_allocated_bytes == 1024 + 5120
    assert asked.peak_allocated_bytes == 1024 + 10240
    assert (extrapolate(small, 6).peak_phase, asked.peak_phase) == (Phase.OPTIMIZER, Phase.BACKWARD)
    assert asked.breakdown.activations == 10240
    assert asked.breakdown.total == asked.peak_allocated_bytes


def test_an_exact_fit_has_an_interval_of_zero_width():
    interval = allocated_interval(steps(affine), 100)
    assert interval.lower == interval.target == interval.upper
    assert interval.source is Source.REGRESSED
    assert "2, 4, 6" in interval.reason


def test_a_computed_size_is_measured():
    interval = allocated_interval(steps(affine), 4)
    assert (interval.target, interval.source) == (1024 + 5120, Source.MEASURED)


def test_the_third_size_gives_the_interval_of_a_quadratic_step():
    # The remainder formula is exact for a quadratic: the truth is the interval's end.
    interval = allocated_interval(steps(quadratic, 4, 6, 8), 20)
    assert interval.target < 1024 * 400
    assert interval.upper == 1024 * 400


def test_two_sizes_give_no_interval_and_say_so():
    interval = allocated_interval(steps(affine, 2, 4), 100)
    assert interval.lower == interval.upper
    assert "too few" in interval.reason


def test_runs_that_differ_in_their_events_fall_back_to_their_peaks():
    measurement = extrapolate(steps(uneven), 50)
    assert measurement.peak_allocated_bytes == measurement.breakdown.activations == 50 * 256


def test_what_a_cpu_cannot_tell_is_missing_and_reserved_is_assumed():
    measurement = extrapolate(steps(affine), 100)
    assert (measurement.device, measurement.precision) == (Device.CPU, Precision())
    assert measurement.kernels == ()
    assert isinstance(measurement.step_seconds, Missing)
    assert measurement.batch_bytes == 1200
    reserved = reserved_interval(measurement.peak_allocated_bytes)
    assert measurement.peak_reserved_bytes == reserved.target
    assert reserved.source is Source.ASSUMED


def test_reserved_takes_the_published_ratio():
    # Published logs: median 1.14, range 1.008 to 2.48 over 17 logs.
    reserved = reserved_interval(1000)
    assert (reserved.lower, reserved.target, reserved.upper) == (1008, 1140, 2480)


def test_largest_batch_is_the_last_that_fits():
    trial = capacity_trial(steps(affine), 1 << 20, limit=100_000)
    size = trial.max_per_device_batch_size
    assert trial.measurement.peak_reserved_bytes <= 1 << 20
    assert extrapolate(steps(affine), size + 1).peak_reserved_bytes > 1 << 20
    assert trial.next_failing_batch_size == size + 1


def test_largest_batch_stops_at_its_limit():
    trial = capacity_trial(steps(affine), GIB, limit=64)
    assert trial.max_per_device_batch_size == 64
    assert isinstance(trial.next_failing_batch_size, Missing)


def test_nothing_fits():
    trial = capacity_trial(steps(affine), 100, limit=64)
    assert (trial.max_per_device_batch_size, trial.next_failing_batch_size) == (0, 1)
    assert isinstance(trial.measurement, Missing)


def test_one_step_cannot_be_extrapolated():
    with pytest.raises(InternalError, match="no line to batch size 8"):
        extrapolate(steps(affine, 4), 8)


@pytest.mark.parametrize("sizes", [(4, 2), (2, 2)])
def test_batch_sizes_must_ascend(sizes):
    with pytest.raises(ValueError, match="ascend"):
        steps(affine, *sizes)


def test_there_must_be_a_step():
    with pytest.raises(ValueError, match="one at least"):
        CpuSteps(())


@pytest.mark.parametrize(
    ("asked", "computed"), [(1, (1, 2, 4, 6)), (4, (2, 4, 6)), (256, (2, 4, 6))]
)
def test_a_small_batch_is_computed_itself(asked, computed):
    assert batch_sizes_for(asked) == computed


@given(st.integers(1, 5000), st.integers(0, 10**9), st.integers(0, 10**6))
def test_affine_sizes_are_found_to_the_byte(batch_size, constant, slope):
    def make(size):
        return step(size, Lifetime(constant + slope * size, 0, 4, Kind.TEMPORARY))

    expected = -(-(constant + slope * batch_size) // 256) * 256
    assert extrapolate(steps(make), batch_size).peak_allocated_bytes == expected
