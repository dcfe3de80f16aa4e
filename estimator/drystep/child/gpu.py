"""A training step really run on the GPU at hand: measured memory and measured time."""

from __future__ import annotations

import statistics as numbers
import time
from collections.abc import Iterator, Sequence

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.blocks import gradient_blocks, lasting_blocks
from estimator.drystep.child.observe import StepQuestion
from estimator.drystep.child.phases import watch_phases
from estimator.drystep.child.training import Training
from estimator.drystep.measurement import (
    CapacityTrial,
    Device,
    MemoryBreakdown,
    Phase,
    StepMeasurement,
)
from estimator.drystep.search import Line
from estimator.values import Missing

WARM_UP_STEPS = 3
"""Untimed steps: libraries are loaded and algorithms chosen in the first ones."""

TIMED_STEPS = 10

_NOT_RUN = "extrapolated from two measured batch sizes, not run"


class _Watch:
    """Reads the allocator where the phases meet."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self.after_forward = 0
        self.gradients = 0

    def enter(self, phase: Phase) -> None:
        if phase is Phase.BACKWARD:
            self.after_forward = statistics.allocated_bytes()

    def before_update(self) -> None:
        self.gradients = sum(gradient_blocks(self._training.model).values())


def measure_gpu_step(question: StepQuestion) -> StepMeasurement:
    """Warm up, watch the second step's memory, then time steps with the device synchronised.

    The kinds of memory are read where the phases meet: activations are what the forward pass
    left behind, and what the peak has beyond all kinds is temporary. Raises what the user's
    code raises, and MemoryError where the device is too small.
    """
    training = question.training
    batch = training.make_batch(question.batch_size)
    training.step(batch)
    statistics.restart_allocated_peak()
    watch = _Watch(training)
    with watch_phases(training.model, watch):
        training.step(batch)
    peak = statistics.peak_allocated_bytes()
    return StepMeasurement(
        device=Device.GPU,
        precision=question.precision,
        per_device_batch_size=question.batch_size,
        peak_allocated_bytes=peak,
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        breakdown=_breakdown(training, batch, watch, peak),
        peak_phase=Phase.BACKWARD if peak > watch.after_forward else Phase.FORWARD,
        kernels=(),
        batch_bytes=training.batch_bytes(batch),
        step_seconds=_median_seconds(training, batch),
    )


def extrapolated_trials(
    points: Sequence[StepMeasurement], capacities: Sequence[int], limit: int
) -> Iterator[CapacityTrial]:
    """The largest batch by the line through two measured steps: this GPU has one capacity only."""
    first, second = ((p.per_device_batch_size, p.peak_reserved_bytes) for p in points)
    line = Line.through(first, second)
    for capacity in capacities:
        yield CapacityTrial(
            capacity_bytes=capacity,
            precision=points[0].precision,
            max_per_device_batch_size=line.batch_for(capacity, limit),
            next_failing_batch_size=Missing(_NOT_RUN),
            measurement=Missing(_NOT_RUN),
        )


def _breakdown(training: Training, batch: object, watch: _Watch, peak: int) -> MemoryBreakdown:
    """Gradients that were there before the forward pass ended are told from activations."""
    sizes = {kind: sum(b.values()) for kind, b in lasting_blocks(training, batch).items()}
    gradients = min(watch.gradients, peak - sum(sizes.values()))
    left_by_forward = watch.after_forward - sum(sizes.values()) - gradients
    sizes["activations"] += max(0, left_by_forward)
    rest = peak - sum(sizes.values()) - gradients
    sizes["activations"] += min(rest, 0)
    return MemoryBreakdown(gradients=gradients, temporary=max(rest, 0), **sizes)


def _median_seconds(training: Training, batch: object) -> float:
    for _ in range(WARM_UP_STEPS):
        training.step(batch)
    return numbers.median(_timed(training, batch) for _ in range(TIMED_STEPS))


def _timed(training: Training, batch: object) -> float:
    paddle.device.synchronize()
    started = time.perf_counter()
    training.step(batch)
    paddle.device.synchronize()
    return time.perf_counter() - started
