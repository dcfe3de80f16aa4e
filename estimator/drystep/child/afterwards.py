"""The phases that come after training steps: evaluation, and saving a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.checkpoint import save_checkpoint
from estimator.drystep.child.evaluation import Evaluation
from estimator.drystep.child.locate import locate
from estimator.drystep.child.training import Training
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import PeakAt, Phase, PhasePeak
from estimator.errors import UserCodeFailed
from estimator.messages import sentence
from estimator.units import format_bytes
from estimator.values import Missing

LONGEST_STEP_SECONDS = 1.5
"""Where a training step takes longer, evaluation is run only if it was asked for."""

COUNTS_FROM = 0.8
"""Evaluation counts in the search for the largest batch from this share of training's peak."""


_TOO_LONG = sentence(
    "evaluation was not run, because a training step takes more than {limit} s here; "
    "--eval-batch-size N runs it all the same",
    limit=LONGEST_STEP_SECONDS,
)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What evaluation took, or why it was not run, and whether the user asked for it."""

    phase: PhasePeak | Missing
    is_asked_for: bool

    def counts(self, training_peak: int) -> bool:
        """Whether a larger training batch or a smaller device could run into it."""
        if isinstance(self.phase, Missing):
            return False
        return self.is_asked_for or self.phase.peak_allocated_bytes > COUNTS_FROM * training_peak


def evaluate(training: Training, batch_size: int, step_seconds: float) -> Evaluated:
    """Run an evaluation pass behind training steps of ``batch_size``.

    Raises what the user's code raises where evaluation was asked for; where it was not, an
    evaluation that fails is Missing.
    """
    evaluation = training.evaluation()
    asked = evaluation.is_asked_for
    if not asked and step_seconds > LONGEST_STEP_SECONDS:
        return Evaluated(Missing(_TOO_LONG), asked)
    try:
        phase = _evaluation_phase(training, evaluation, batch_size)
    except (UserCodeFailed, MemoryError) as error:
        if asked:
            raise
        if isinstance(error, UserCodeFailed):
            return Evaluated(_failed(error.what), asked)
        return Evaluated(_failed(sentence("out of host memory")), asked)
    return Evaluated(phase, asked)


def locate_evaluation(gpu: VirtualGpu, training: Training, batch_size: int) -> PeakAt | Missing:
    """Where an evaluation pass has its peak: two more passes."""
    gpu.set_phase(Phase.FORWARD)
    with gpu.recording():
        training.evaluation().repeat(batch_size)
    launch = gpu.record().peak_launch

    def again() -> None:
        with gpu.recording(launch):
            training.evaluation().repeat(batch_size)

    return locate(gpu, training.model, "eval", Phase.FORWARD, again)


def checkpoint_phase(training: Training, batch_size: int) -> PhasePeak:
    """Saving model and optimizer."""
    before = statistics.allocated_bytes()
    statistics.restart_allocated_peak()
    note = save_checkpoint(training)
    grown = statistics.peak_allocated_bytes() - before
    return PhasePeak(
        name="checkpoint",
        peak_allocated_bytes=statistics.peak_allocated_bytes(),
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        per_device_batch_size=batch_size,
        note=sentence("{saved}; device memory does not grow", saved=note) if not grown else note,
    )


def _evaluation_phase(training: Training, evaluation: Evaluation, batch_size: int) -> PhasePeak:
    size = evaluation.batch_size(batch_size)
    statistics.restart_allocated_peak()
    keeps_gradients = evaluation.run(evaluation.make_batch(size))
    phase = PhasePeak(
        name="eval",
        peak_allocated_bytes=statistics.peak_allocated_bytes(),
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        per_device_batch_size=size,
    )
    return replace(phase, note=_warning(evaluation, phase)) if keeps_gradients else phase


def _warning(evaluation: Evaluation, phase: PhasePeak) -> str:
    """What keeping gradients costs: the same pass without them."""
    statistics.restart_allocated_peak()
    with paddle.no_grad():
        evaluation.run(evaluation.make_batch(phase.per_device_batch_size))
    return sentence(
        "warning: evaluation keeps what gradients need; with paddle.no_grad() around it, its peak "
        "would be {without} instead of {kept}",
        without=format_bytes(statistics.peak_allocated_bytes()),
        kept=format_bytes(phase.peak_allocated_bytes),
    )


def _failed(what: str) -> Missing:
    return Missing(
        sentence(
            "evaluation was not run, it failed with {what}; eval_step(model, batch) in the model "
            "file says how",
            what=what,
        )
    )
