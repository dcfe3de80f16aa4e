"""The whole course of a run at one batch size: training steps, and what comes after them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from estimator.drystep.child import statistics
from estimator.drystep.child.afterwards import checkpoint_phase, evaluate, locate_evaluation
from estimator.drystep.child.observe import (
    ObservedSteps,
    StepQuestion,
    locate_first,
    observe_steps,
)
from estimator.drystep.child.training import Training
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import PeakAt, PhasePeak, StepMeasurement, Timeline
from estimator.messages import sentence
from estimator.values import Missing

_STEPS = 3
"""Training steps that :func:`observe_steps` takes, roughly."""


@dataclass(frozen=True, slots=True)
class ObservedRun:
    """The steady step, all phases, and where the largest of them has its peak.

    ``evaluation_counts``: whether trials at other sizes must run the evaluation as well.
    """

    measurement: StepMeasurement
    phases: tuple[PhasePeak, ...]
    peak_at: PeakAt | Missing
    evaluation_counts: bool
    timeline: Timeline | None = None


def observe_run(gpu: VirtualGpu, question: StepQuestion) -> ObservedRun:
    """Run every phase that the workload has, each after the other on one allocator.

    What was not run is among the training's assumptions. Raises what the user's code raises.
    """
    started = time.perf_counter()
    steps = observe_steps(gpu, question)
    seconds = (time.perf_counter() - started) / _STEPS
    peak = steps.measurement.peak_allocated_bytes
    training, counts = question.training, False
    phases = list(steps.phases)
    if not training.workload.inference:
        evaluated = evaluate(training, question.batch_size, seconds)
        counts = evaluated.counts(peak)
        phases += _run_or_said(evaluated.phase, training)
    if training.workload.checkpoint:
        phases.append(checkpoint_phase(training, question.batch_size))
    largest = max(phases, key=lambda phase: phase.peak_allocated_bytes)
    measurement = replace(
        steps.measurement,
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        page_bytes=statistics.page_bytes(),
        largest_phase=largest.name if largest.peak_allocated_bytes > peak else None,
    )
    place = _place(gpu, question, steps, measurement.largest_phase)
    return ObservedRun(measurement, tuple(phases), place, counts, steps.timeline)


def _run_or_said(phase: PhasePeak | Missing, training: Training) -> Iterator[PhasePeak]:
    if isinstance(phase, Missing):
        training.assume(phase.reason)
    else:
        yield phase


def _place(
    gpu: VirtualGpu, question: StepQuestion, steps: ObservedSteps, largest: str | None
) -> PeakAt | Missing:
    if largest == "eval":
        return locate_evaluation(gpu, question.training, question.batch_size)
    if largest == "train_first":
        return locate_first(gpu, question)
    if largest == "checkpoint":
        return Missing(
            sentence("the largest peak is in saving a checkpoint, which launches no layer")
        )
    return steps.peak_at
