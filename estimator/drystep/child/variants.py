"""The same model run in other ways: precision, recompute, optimizer, batch and input sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from estimator.drystep.child import statistics
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.replies import Say
from estimator.drystep.child.saved import model_source
from estimator.drystep.child.training import build_training
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.child.virtual_trials import explore_steps, with_workspace
from estimator.drystep.measurement import Precision, VariantRun
from estimator.drystep.request import DryStepRequest
from estimator.errors import BadInput, UserCodeFailed
from estimator.messages import sentence
from estimator.values import Missing


def run_variants(
    gpu: VirtualGpu, request: DryStepRequest, say: Say, *, evaluates: bool
) -> Iterator[VariantRun]:
    """Each variant from a new start; one that cannot be run says why.

    ``evaluates``: an evaluation pass comes behind the steps, as it did in the run asked for.
    """
    for number, workload in enumerate(request.variants, 1):
        say(f"variant {number} of {len(request.variants)}")
        yield _run_or_failed(gpu, replace(request, workload=workload), evaluates)


def _run_or_failed(gpu: VirtualGpu, request: DryStepRequest, evaluates: bool) -> VariantRun:
    try:
        return _run(gpu, request, evaluates)
    except (BadInput, UserCodeFailed) as error:
        return _failed(error.what)
    except MemoryError:
        return _failed(sentence("out of host memory"))


def _failed(why: str) -> VariantRun:
    return VariantRun(Missing(why), Missing(why))


def _run(gpu: VirtualGpu, request: DryStepRequest, evaluates: bool) -> VariantRun:
    workload = request.workload
    source = model_source(workload)
    source.forget()
    statistics.restart_reserved_peak()
    precision = workload.precision or Precision()
    training = build_training(source, workload, precision)
    size = workload.per_device_batch_size or request.per_device_batch_size
    if training.has_own_step and (precision != Precision() or workload.accumulate > 1):
        return _failed(sentence("train_step decides that itself"))
    question = StepQuestion(training, precision, size, evaluates)
    measurement = measure_step(gpu, question)
    if evaluates:
        training.evaluation().repeat(size)
    measurement = replace(
        measurement,
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        page_bytes=statistics.page_bytes(),
    )
    measurement = with_workspace(gpu, question, measurement)
    trials = explore_steps(
        gpu, measurement, question, replace(request, round_batch_sizes=False)
    ).trials
    largest = trials[0].max_per_device_batch_size if trials else Missing(sentence("not asked for"))
    return VariantRun(measurement, largest, training.optimizer_name)
