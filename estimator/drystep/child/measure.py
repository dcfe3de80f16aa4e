"""Answers one request on the device it names."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import paddle

from estimator.drystep.child import virtual
from estimator.drystep.child.model_file import Program
from estimator.drystep.child.observe import StepQuestion, measure_step, try_step
from estimator.drystep.child.replies import Replies
from estimator.drystep.child.training import Training, build_training
from estimator.drystep.child.trials import run_trials
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import (
    CapacityTrial,
    Device,
    DryStepReport,
    Precision,
    StepMeasurement,
)
from estimator.drystep.request import DryStepRequest

Report = Callable[[str], None]
"""Gets one line when something that takes a while begins."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a device found out: the training at the user's precision, and the numbers."""

    training: Training
    measurements: tuple[StepMeasurement, ...]
    trials: tuple[CapacityTrial, ...]


def measure(program: Program, request: DryStepRequest, replies: Replies) -> DryStepReport:
    """Run the workload on the device of ``request`` and report.

    Raises UserCodeFailed and BadInput for the user's file, MemoryError where the host or the
    device has too little.
    """
    started = time.perf_counter()
    answer = _on_virtual_gpu(program, request, replies.progress)
    return DryStepReport(
        device=Device.VIRTUAL,
        paddle_version=paddle.__version__,
        model=answer.training.facts(),
        optimizer=answer.training.optimizer_name,
        measurements=answer.measurements,
        trials=answer.trials,
        assumptions=answer.training.assumptions,
        seconds=time.perf_counter() - started,
        host_peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        fallback_reason=request.fallback_reason,
    )


def _on_virtual_gpu(program: Program, request: DryStepRequest, progress: Report) -> _Answer:
    assert request.plugin is not None, "a request for the virtual GPU names its library"
    gpu = VirtualGpu(request.plugin)
    gpu.set_capacity(virtual.BOUNDLESS)
    own, *others = request.precisions
    size = request.per_device_batch_size
    alternatives = []
    for precision in others:
        progress(f"measuring {precision.label}")
        alternatives.append(_measured(gpu, _fresh(program, request, precision), precision, size))
    progress(f"measuring {own.label}")
    training = _fresh(program, request, own)
    asked = _measured(gpu, training, own, size)
    progress("looking for the largest batch")
    trials = tuple(run_trials(gpu, asked, training.renewed, request.capacities))
    return _Answer(training, (asked, *alternatives), trials)


def _fresh(program: Program, request: DryStepRequest, precision: Precision) -> Training:
    virtual.restart_reserved_peak()
    return build_training(program, request.workload, precision)


def _measured(
    gpu: VirtualGpu, training: Training, precision: Precision, batch_size: int
) -> StepMeasurement:
    """The step without scratch, and what the scratch of convolutions adds to the reserved."""
    question = StepQuestion(training, precision, batch_size)
    measurement = measure_step(gpu, question)
    gpu.set_workspace_limit(virtual.WORKSPACE_LIMIT)
    again = replace(question, training=training.renewed())
    virtual.restart_reserved_peak()
    _, _, reserved = try_step(gpu, again)
    gpu.set_workspace_limit(0)
    return replace(measurement, workspace_bytes=max(0, reserved - measurement.peak_reserved_bytes))
