"""Answers one request on the virtual GPU."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import paddle

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.beside import beside
from estimator.drystep.child.copies import use_one_thread
from estimator.drystep.child.course import ObservedRun, observe_run
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.child.findings import Findings, findings_of
from estimator.drystep.child.model_file import ModelSource
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.replies import Say
from estimator.drystep.child.training import fresh_training
from estimator.drystep.child.trials import explore_steps, with_workspace
from estimator.drystep.child.unmodelled import noted, watch_sparse_tensors
from estimator.drystep.child.variants import run_variants
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import Device, Precision, StepMeasurement, VariantRun
from estimator.drystep.request import CudaCard, DryStepRequest
from estimator.errors import BadInput, InternalError
from estimator.messages import sentence

MODEL_FILE_CARD = CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 << 30, 108)
"""What Paddle is told of the GPU where one run of a model file serves several types. Its compute
capability decides which form of attention is taken."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """The run asked for, at its own batch size and precision, and what to run others with.

    sparse_layers: layers with sparse gradients.
    """

    question: StepQuestion
    run: ObservedRun
    asked: StepMeasurement
    sparse_layers: int

    @property
    def takes_a_precision(self) -> bool:
        """Whether the model can be run in another one."""
        return not self.sparse_layers and not self.question.training.has_own_step


def measure_on_virtual_gpu(program: ModelSource, request: DryStepRequest, say: Say) -> Findings:
    """Run the workload as asked, search the largest batches, and run what it is compared with.

    The search goes on in a copy of this process, while this one runs the model in other ways.
    """
    gpu = _virtual_gpu(request)
    measured = _measured(gpu, program, request, say)
    say("looking for the largest batch")
    exploring = beside(partial(_explored, gpu, measured, request))
    counts = measured.run.evaluation_counts
    evaluates = any(phase.name == "eval" for phase in measured.run.phases)
    others = request.precisions[1:] if measured.takes_a_precision else ()
    measured.question.training.renewed()  # optimizers refer to themselves: dropping frees nothing
    del measured  # the next model would find its memory taken
    variants: tuple[VariantRun, ...] = ()
    alternatives: list[StepMeasurement] = []
    if request.variants:
        program.forget()
        variants = tuple(run_variants(gpu, request, say, evaluates=evaluates))
    else:
        for precision in others:
            say(f"measuring {precision.label}")
            alternatives.append(_alternative(gpu, program, request, precision, counts))
    findings = exploring() or _explored(gpu, _measured(gpu, program, request, say), request)
    measurements = (*findings.measurements, *alternatives)
    return replace(findings, measurements=measurements, variants=variants)


def _virtual_gpu(request: DryStepRequest) -> VirtualGpu:
    """Paddle's current device from now on."""
    if request.plugin is None:
        raise InternalError("a request for the virtual GPU names its library")
    use_one_thread()
    gpu = VirtualGpu(request.plugin)
    gpu.set_capacity(virtual.BOUNDLESS)
    if request.as_cuda:
        pretend_cuda(request.card or MODEL_FILE_CARD)
    watch_sparse_tensors()
    return gpu


def _measured(
    gpu: VirtualGpu, program: ModelSource, request: DryStepRequest, say: Say
) -> _Measured:
    own = request.precisions[0]
    training = fresh_training(program, request.workload, own)
    sparse = _layers_with_sparse_gradients(training.model)
    if sparse and own.amp_level != "off" and not training.has_own_step:
        raise _not_in_low_precision(request, sparse, own)
    say(f"measuring {own.label}")
    question = StepQuestion(training, own, request.per_device_batch_size)
    run = observe_run(gpu, replace(question, timeline=request.timeline))
    question = replace(question, evaluates=run.evaluation_counts)
    return _Measured(question, run, with_workspace(gpu, question, run.measurement), sparse)


def _explored(gpu: VirtualGpu, measured: _Measured, request: DryStepRequest) -> Findings:
    """The run asked for and all others of its precision."""
    found = explore_steps(gpu, measured.asked, measured.question, request, beside)
    findings = replace(
        findings_of(Device.VIRTUAL, measured.question.training, (measured.asked,), found.trials),
        ladder=found.ladder,
        phases=measured.run.phases,
        peak_at=measured.run.peak_at,
        timeline=measured.run.timeline,
    )
    findings = findings.assuming(*noted())
    if sparse := measured.sparse_layers:
        untried = request.precisions[1:]
        findings = findings.assuming(*_what_sparse_gradients_leave_out(sparse, untried))
    return findings


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
    training = fresh_training(program, request.workload, precision)
    question = StepQuestion(training, precision, request.per_device_batch_size, evaluates)
    measurement = measure_step(gpu, question)
    if evaluates:
        training.evaluation().repeat(question.batch_size)
    measurement = replace(measurement, peak_reserved_bytes=statistics.peak_reserved_bytes())
    return with_workspace(gpu, question, measurement)
