"""Answers one request on the device it names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.allocator import allocator_rule
from estimator.drystep.child.attempts import largest_batch_to_try
from estimator.drystep.child.findings import Findings, findings_of
from estimator.drystep.child.model_file import ModelSource
from estimator.drystep.child.observe import StepQuestion
from estimator.drystep.child.replies import Replies, Say
from estimator.drystep.child.resident import peak_resident_bytes
from estimator.drystep.child.training import Training, build_training, fresh_training
from estimator.drystep.child.virtual_measure import measure_on_virtual_gpu
from estimator.drystep.measurement import Device, DryStepReport, Precision
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.errors import BadInput, InternalError
from estimator.messages import sentence


def measure(program: ModelSource, request: DryStepRequest, replies: Replies) -> DryStepReport:
    """Run the workload on the device of ``request`` and report.

    Raises UserCodeFailed and BadInput for the user's file, MemoryError where the host or the
    device has too little.
    """
    started = time.perf_counter()
    findings = _MEASURES[request.device](program, request, replies.progress)
    return DryStepReport(
        device=findings.device,
        paddle_version=paddle.__version__,
        model=findings.model,
        optimizer=findings.optimizer,
        measurements=findings.measurements,
        trials=findings.trials,
        assumptions=findings.assumptions,
        seconds=time.perf_counter() - started,
        host_peak_bytes=peak_resident_bytes(),
        fallback_reason=request.fallback_reason,
        ladder=findings.ladder,
        device_name=findings.device_name,
        phases=findings.phases,
        peak_at=findings.peak_at,
        variants=findings.variants,
        timeline=findings.timeline,
        plans=findings.plans,
    )


def _undecided(program: ModelSource, request: DryStepRequest, say: Say) -> Findings:
    raise InternalError("a request to the child names its device")


def _on_gpu(program: ModelSource, request: DryStepRequest, say: Say) -> Findings:
    from estimator.drystep.child.gpu import extrapolated_trials, measure_gpu_step

    _require_gpu()
    paddle.set_device("gpu:0")
    own = request.precisions[0]
    training = fresh_training(program, request.workload, own)
    size = request.per_device_batch_size
    say(f"measuring {own.label}")
    asked = measure_gpu_step(StepQuestion(training, own, size))
    statistics.restart_reserved_peak()
    second = measure_gpu_step(StepQuestion(training.renewed(), own, max(1, size // 2)))
    trials = (
        tuple(extrapolated_trials((asked, second), request.capacities, largest_batch_to_try(asked)))
        if second.per_device_batch_size != size
        else ()
    )
    name = paddle.device.cuda.get_device_name()
    return replace(findings_of(Device.GPU, training, (asked,), trials), device_name=name)


def _require_gpu() -> None:
    """Raise BadInput where Paddle can use none: in another place nobody looked before."""
    if not paddle.is_compiled_with_cuda():
        raise BadInput(
            sentence("the Paddle that runs the step is a CPU build"),
            hint="pip install paddlepaddle-gpu",
        )
    if paddle.device.cuda.device_count() == 0:
        raise BadInput(sentence("Paddle finds no GPU where the step runs"), hint="nvidia-smi")


def _on_cpu(program: ModelSource, request: DryStepRequest, say: Say) -> Findings:
    from estimator.drystep.child.cpu import measure_on_cpu
    from estimator.drystep.cpu_scaling import (
        batch_sizes_for,
        capacity_trial,
        extrapolate,
        only_the_asked,
    )

    built: list[Training] = []

    def build() -> Training:
        built.append(build_training(program, request.workload, Precision()))
        return built[0]

    say("computing steps on the CPU")
    sizes_for = batch_sizes_for if request.capacities else only_the_asked
    sizes = sizes_for(request.per_device_batch_size)
    steps = measure_on_cpu(build, sizes)
    rule = allocator_rule()
    asked = extrapolate(steps, request.per_device_batch_size, rule)
    limit = largest_batch_to_try(asked)
    trials = tuple(capacity_trial(steps, capacity, limit, rule) for capacity in request.capacities)
    findings = findings_of(Device.CPU, built[0], (asked,), trials)
    if request.precisions[0] == Precision():
        return findings
    note = sentence(
        "mixed precision has no effect on Paddle's CPU device: memory is that of float32"
    )
    return findings.assuming(note)


_MEASURES: dict[DeviceChoice, Callable[[ModelSource, DryStepRequest, Say], Findings]] = {
    DeviceChoice.AUTO: _undecided,
    DeviceChoice.VIRTUAL: measure_on_virtual_gpu,
    DeviceChoice.GPU: _on_gpu,
    DeviceChoice.CPU: _on_cpu,
}
