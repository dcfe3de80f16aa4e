"""Answers one request on the virtual GPU."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.beside import Begin, BesideWithoutThreads, in_turn
from estimator.drystep.child.copies import use_one_thread
from estimator.drystep.child.course import ObservedRun, observe_run
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.child.findings import Findings, findings_of
from estimator.drystep.child.model_file import ModelSource, RunFile
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.replies import Say
from estimator.drystep.child.training import fresh_training
from estimator.drystep.child.unmodelled import (
    noted,
    on_sparse_gradients,
    sparse_layers,
    watch_sparse_tensors,
)
from estimator.drystep.child.variants import run_variants
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.child.virtual_trials import explore_steps, with_workspace
from estimator.drystep.measurement import (
    Device,
    Precision,
    StepMeasurement,
    VariantRun,
)
from estimator.drystep.request import CudaCard, DryStepRequest
from estimator.drystep.strategy import with_degrees
from estimator.errors import BadInput, InternalError
from estimator.messages import sentence
from estimator.values import Missing

if TYPE_CHECKING:
    from estimator.drystep.child.plans import Planned

MODEL_FILE_CARD = CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 << 30, 108)
"""What Paddle is told of the GPU where one run of a model file serves several types. Its compute
capability decides which form of attention is taken."""

SHARE_OF_TIME = 0.85
"""Of the time limit, what may have gone by when no more plans are run."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The run asked for, at its own batch size and precision.

    sparse_layers: layers with sparse gradients. takes_a_precision: whether the model can be run in
    another one. degrees_offered: the degrees of parallelism that its ``build_model`` takes.
    """

    run: ObservedRun
    step: StepMeasurement
    sparse_layers: int
    takes_a_precision: bool
    degrees_offered: frozenset[str]


def measure_on_virtual_gpu(program: ModelSource, request: DryStepRequest, say: Say) -> Findings:
    """Run the workload as asked, search the largest batches, and run what it is compared with.

    The search goes on in a copy of this process, while this one runs the model in other ways.
    """
    started = time.monotonic()
    gpu = _virtual_gpu(request)
    begin = BesideWithoutThreads()
    question = _question(program, request)
    asked = _asked(gpu, question, request, say)
    question = replace(question, evaluates=asked.run.evaluation_counts)
    say("looking for the largest batch")
    exploring = begin(partial(_explored, gpu, question, asked, request, begin))
    question.training.renewed()  # optimizers refer to themselves: dropping one frees nothing
    del question  # the next model would find its memory taken
    variants: tuple[VariantRun, ...] = ()
    alternatives: list[StepMeasurement] = []
    if request.variants:
        program.forget()
        evaluates = any(phase.name == "eval" for phase in asked.run.phases)
        variants = tuple(run_variants(gpu, request, say, evaluates=evaluates))
    elif asked.takes_a_precision:
        for precision in request.precisions[1:]:
            say(f"measuring {precision.label}")
            alternatives.append(_alternative(gpu, program, request, precision, asked))
    findings = exploring()
    if findings is None:
        question = _question(program, request, evaluates=asked.run.evaluation_counts)
        findings = _explored(gpu, question, asked, request, in_turn)
    measurements = (*findings.measurements, *alternatives)
    findings = replace(findings, measurements=measurements, variants=variants)
    if request.plans is not None and begin.has_begun_threads:
        return replace(findings, plans=_NO_COPIES)
    deadline = started + SHARE_OF_TIME * request.seconds
    planned = _planned(gpu, request, asked, findings, deadline)
    if planned is None:
        return findings
    from estimator.drystep.child.plans import run_plans

    program.forget()
    return replace(findings, plans=run_plans(planned, say))


_NO_COPIES = Missing(
    sentence(
        "nothing was searched: Paddle runs this model as a program (to_static, jit.load) in "
        "threads, and the plans are run in copies of a process without any"
    )
)


def _planned(
    gpu: VirtualGpu, request: DryStepRequest, asked: _Asked, findings: Findings, deadline: float
) -> Planned | None:
    """What the plans on several GPUs are run with, if a search among them is asked for."""
    space, library = request.plans, request.plugin
    if space is None or library is None:
        return None
    from estimator.drystep.child.plans import Planned

    if not asked.takes_a_precision:
        space = replace(space, precisions=request.precisions[:1])
    most = space.gpus_per_node, max(space.gpu_counts)
    pinned = dict(space.degrees)
    strategies = with_degrees(space.strategies, asked.degrees_offered, *most, pinned)
    space = replace(space, strategies=strategies)
    largest = max((trial.max_per_device_batch_size for trial in findings.trials), default=0)
    counts = asked.run.evaluation_counts
    return Planned(gpu, library, request, space, asked.step, largest, counts, deadline)


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


def _question(
    program: ModelSource, request: DryStepRequest, *, evaluates: bool = False
) -> StepQuestion:
    own = request.precisions[0]
    training = fresh_training(program, request.workload, own)
    return StepQuestion(training, own, request.per_device_batch_size, evaluates)


def _asked(gpu: VirtualGpu, question: StepQuestion, request: DryStepRequest, say: Say) -> _Asked:
    training, own = question.training, question.precision
    _require_degrees(request, training.file)
    sparse = sparse_layers([training.model])
    if sparse and own.amp_level != "off" and not training.has_own_step:
        raise _not_in_low_precision(request, sparse, own)
    say(f"measuring {own.label}")
    run = observe_run(gpu, replace(question, timeline=request.timeline))
    question = replace(question, evaluates=run.evaluation_counts)
    step = with_workspace(gpu, question, run.measurement)
    takes_a_precision = not sparse and not training.has_own_step
    return _Asked(run, step, sparse, takes_a_precision, training.file.degrees_offered)


def _explored(
    gpu: VirtualGpu, question: StepQuestion, asked: _Asked, request: DryStepRequest, begin: Begin
) -> Findings:
    """The run asked for and all others of its precision."""
    found = explore_steps(gpu, asked.step, question, request, begin)
    findings = replace(
        findings_of(Device.VIRTUAL, question.training, (asked.step,), found.trials),
        ladder=found.ladder,
        phases=asked.run.phases,
        peak_at=asked.run.peak_at,
        timeline=asked.run.timeline,
    )
    findings = findings.assuming(*noted(), *found.refused)
    if sparse := asked.sparse_layers:
        findings = findings.assuming(*on_sparse_gradients(sparse))
        findings = findings.assuming(*_not_tried(request.precisions[1:]))
    return findings


def _require_degrees(request: DryStepRequest, file: RunFile) -> None:
    """Raise BadInput for a degree that is pinned and that the model does not offer."""
    pinned = request.plans.degrees if request.plans else ()
    for name, degree in pinned:
        if name not in file.degrees_offered:
            raise BadInput(
                sentence("build_model takes no keyword {name}", name=name),
                where=file.build_model.where,
                hint=sentence(
                    "def build_model({name}=1), or leave out {flag}",
                    name=name,
                    flag=f"-o {name}={degree}",
                ),
            )


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


def _not_tried(untried: Sequence[Precision]) -> Iterator[str]:
    """In mixed precision some of Paddle's CPU kernels for sparse gradients crash."""
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
    asked: _Asked,
) -> StepMeasurement:
    evaluates = asked.run.evaluation_counts
    training = fresh_training(program, request.workload, precision)
    question = StepQuestion(training, precision, request.per_device_batch_size, evaluates)
    measurement = measure_step(gpu, question)
    if evaluates:
        training.evaluation().repeat(question.batch_size)
    measurement = replace(
        measurement,
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        page_bytes=statistics.page_bytes(),
    )
    return with_workspace(gpu, question, measurement)
