"""Answers one request on the device it names."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import paddle

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.course import observe_run
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.child.model_file import ModelSource
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.replies import Replies, Say
from estimator.drystep.child.training import Training, build_training
from estimator.drystep.child.trials import (
    explore_steps,
    largest_batch_to_try,
    with_workspace,
)
from estimator.drystep.child.unmodelled import noted, watch_sparse_tensors
from estimator.drystep.child.variants import run_variants
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import (
    NOT_LOCATED,
    CapacityTrial,
    Device,
    DryStepReport,
    ModelFacts,
    PeakAt,
    PhasePeak,
    Precision,
    StepMeasurement,
    Timeline,
    VariantRun,
)
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest
from estimator.errors import BadInput, InternalError
from estimator.messages import sentence
from estimator.values import Missing

MODEL_FILE_CARD = CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 << 30, 108)
"""What Paddle is told of the GPU where one run of a model file serves several types. Its compute
capability decides which form of attention is taken."""


@dataclass(frozen=True, slots=True)
class _Findings:
    """What a device found out about the workload."""

    device: Device
    model: ModelFacts
    optimizer: str
    assumptions: tuple[str, ...]
    measurements: tuple[StepMeasurement, ...]
    trials: tuple[CapacityTrial, ...]
    ladder: tuple[StepMeasurement, ...] = ()
    device_name: str = ""
    phases: tuple[PhasePeak, ...] = ()
    peak_at: PeakAt | Missing = NOT_LOCATED
    variants: tuple[VariantRun, ...] = ()
    timeline: Timeline | None = None

    def assuming(self, *more: str) -> _Findings:
        """The same with further assumptions."""
        return replace(self, assumptions=(*self.assumptions, *more))


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
        host_peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        fallback_reason=request.fallback_reason,
        ladder=findings.ladder,
        device_name=findings.device_name,
        phases=findings.phases,
        peak_at=findings.peak_at,
        variants=findings.variants,
        timeline=findings.timeline,
    )


def _undecided(program: ModelSource, request: DryStepRequest, say: Say) -> _Findings:
    raise InternalError("a request to the child names its device")


def _on_virtual_gpu(program: ModelSource, request: DryStepRequest, say: Say) -> _Findings:
    if request.plugin is None:
        raise InternalError("a request for the virtual GPU names its library")
    gpu = VirtualGpu(request.plugin)
    gpu.set_capacity(virtual.BOUNDLESS)
    if request.as_cuda:
        pretend_cuda(request.card or MODEL_FILE_CARD)
    watch_sparse_tensors()
    own, *others = request.precisions
    training = _fresh(program, request, own)
    sparse = _layers_with_sparse_gradients(training.model)
    if sparse and own.amp_level != "off" and not training.has_own_step:
        raise _not_in_low_precision(request, sparse, own)
    say(f"measuring {own.label}")
    question = StepQuestion(training, own, request.per_device_batch_size)
    run = observe_run(gpu, replace(question, timeline=request.timeline))
    question = replace(question, evaluates=run.evaluation_counts)
    asked = with_workspace(gpu, question, run.measurement)
    say("looking for the largest batch")
    found = explore_steps(gpu, asked, question, request)
    findings = replace(
        _findings(Device.VIRTUAL, training, (asked,), found.trials),
        ladder=found.ladder,
        phases=run.phases,
        peak_at=run.peak_at,
        timeline=run.timeline,
    )
    findings = findings.assuming(*noted())
    if sparse:
        findings = findings.assuming(*_what_sparse_gradients_leave_out(sparse, others))
        others = []
    has_own_step = training.has_own_step
    del training, question
    if request.variants:
        program.forget()
        return replace(
            findings,
            variants=tuple(
                run_variants(gpu, request, say, evaluates=any(p.name == "eval" for p in run.phases))
            ),
        )
    if has_own_step:  # it sets its own precision
        return findings
    alternatives = []
    for precision in others:
        say(f"measuring {precision.label}")
        alternatives.append(_alternative(gpu, program, request, precision, run.evaluation_counts))
    return replace(findings, measurements=(asked, *alternatives))


def _layers_with_sparse_gradients(model: paddle.nn.Layer) -> int:
    layers = model.sublayers(include_self=True)
    return sum(bool(getattr(layer, "_sparse", False)) for layer in layers)


def _not_in_low_precision(request: DryStepRequest, layers: int, precision: Precision) -> BadInput:
    return BadInput(
        sentence(
            "layers with sparse gradients: {count}; those do not run in {precision} on a virtual "
            "GPU, where Paddle's CPU kernels handle them",
            count=layers,
            precision=precision.label,
        ),
        where=str(request.workload.model_file),
        hint=sentence("--amp off, or sparse=False for the embedding"),
    )


def _what_sparse_gradients_leave_out(layers: int, untried: Sequence[Precision]) -> Iterator[str]:
    """What Paddle's CPU kernels do in place of ours; in mixed precision some of them crash."""
    yield sentence(
        "layers with sparse gradients: {count}; Paddle's CPU kernels handle those, so their "
        "memory is not counted",
        count=layers,
    )
    for precision in untried:
        yield sentence(
            "{precision} was not tried: sparse gradients do not run in it on a virtual GPU",
            precision=precision.label,
        )


def _alternative(
    gpu: VirtualGpu,
    program: ModelSource,
    request: DryStepRequest,
    precision: Precision,
    evaluates: bool,
) -> StepMeasurement:
    training = _fresh(program, request, precision)
    question = StepQuestion(training, precision, request.per_device_batch_size, evaluates)
    measurement = measure_step(gpu, question)
    if evaluates:
        training.evaluation().repeat(question.batch_size)
    measurement = replace(measurement, peak_reserved_bytes=statistics.peak_reserved_bytes())
    return with_workspace(gpu, question, measurement)


def _on_gpu(program: ModelSource, request: DryStepRequest, say: Say) -> _Findings:
    from estimator.drystep.child.gpu import extrapolated_trials, measure_gpu_step

    _require_gpu()
    paddle.set_device("gpu:0")
    own = request.precisions[0]
    training = _fresh(program, request, own)
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
    return replace(_findings(Device.GPU, training, (asked,), trials), device_name=name)


def _require_gpu() -> None:
    """Raise BadInput where Paddle can use none: in another place nobody looked before."""
    if not paddle.is_compiled_with_cuda():
        raise BadInput(
            sentence("the Paddle that runs the step is a CPU build"),
            hint="pip install paddlepaddle-gpu",
        )
    if paddle.device.cuda.device_count() == 0:
        raise BadInput(sentence("Paddle finds no GPU where the step runs"), hint="nvidia-smi")


def _on_cpu(program: ModelSource, request: DryStepRequest, say: Say) -> _Findings:
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
    asked = extrapolate(steps, request.per_device_batch_size)
    limit = largest_batch_to_try(asked)
    trials = tuple(capacity_trial(steps, capacity, limit) for capacity in request.capacities)
    findings = _findings(Device.CPU, built[0], (asked,), trials)
    if request.precisions[0] == Precision():
        return findings
    note = sentence(
        "mixed precision has no effect on Paddle's CPU device: memory is that of float32"
    )
    return findings.assuming(note)


_MEASURES: dict[DeviceChoice, Callable[[ModelSource, DryStepRequest, Say], _Findings]] = {
    DeviceChoice.AUTO: _undecided,
    DeviceChoice.VIRTUAL: _on_virtual_gpu,
    DeviceChoice.GPU: _on_gpu,
    DeviceChoice.CPU: _on_cpu,
}


def _fresh(program: ModelSource, request: DryStepRequest, precision: Precision) -> Training:
    program.forget()  # before memory is counted: the model before would still hold its own
    statistics.restart_reserved_peak()
    return build_training(program, request.workload, precision)


def _findings(
    device: Device,
    training: Training,
    measurements: tuple[StepMeasurement, ...],
    trials: tuple[CapacityTrial, ...],
) -> _Findings:
    return _Findings(
        device=device,
        model=training.facts(),
        optimizer=training.optimizer_name,
        assumptions=training.assumptions,
        measurements=measurements,
        trials=trials,
    )
