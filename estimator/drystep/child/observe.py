"""One training on the virtual GPU, watched: peaks, launches, and what was alive at the peak."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.allocator import allocator_rule
from estimator.drystep.child.batches import StepBatch
from estimator.drystep.child.blocks import Blocks, gradient_blocks, lasting_blocks
from estimator.drystep.child.locate import locate
from estimator.drystep.child.phases import watch_phases
from estimator.drystep.child.training import Training
from estimator.drystep.child.virtual import LiveAllocation, StepRecord, VirtualGpu
from estimator.drystep.measurement import (
    Device,
    MemoryBreakdown,
    PeakAt,
    Phase,
    PhasePeak,
    Precision,
    StepMeasurement,
    Timeline,
)
from estimator.drystep.timeline import timeline_of
from estimator.messages import sentence
from estimator.values import Missing

NO_TIME = Missing(sentence("a virtual GPU runs no kernel, so its steps say nothing about time"))


@dataclass(frozen=True, slots=True)
class StepQuestion:
    """What to run: a batch of ``batch_size`` at a precision that ``training`` was built for.

    ``evaluates``: an evaluation pass comes behind the steps of :func:`try_step`. ``timeline``: what
    memory holds over the steady step is followed. ``lasts``: :func:`try_step` takes a third step,
    which holds what every later one does: the optimizer's state lies in gaps that the first one
    left, and what the second found no gap for then stands elsewhere.
    """

    training: Training
    precision: Precision
    batch_size: int
    evaluates: bool = False
    timeline: bool = False
    lasts: bool = False


class _PhaseListener:
    """Passes the phases on to the device."""

    def __init__(self, gpu: VirtualGpu) -> None:
        self._gpu = gpu

    def enter(self, phase: Phase) -> None:
        self._gpu.set_phase(phase)

    def before_update(self) -> None:
        """Nothing to do: who takes no snapshot need not know where the gradients stand."""


class _Listener(_PhaseListener):
    """Tells the device where the gradients stand, too."""

    def __init__(self, gpu: VirtualGpu, model: paddle.nn.Layer) -> None:
        super().__init__(gpu)
        self._model = model

    def before_update(self) -> None:
        self.claim_gradients()

    def claim_gradients(self) -> None:
        self._gpu.claim_gradients(gradient_blocks(self._model).keys())


@dataclass(frozen=True, slots=True)
class ObservedSteps:
    """The steady step, the phases of training, and where the steady step has its peak."""

    measurement: StepMeasurement
    phases: tuple[PhasePeak, ...]
    peak_at: PeakAt | Missing
    timeline: Timeline | None = None


def observe_steps(gpu: VirtualGpu, question: StepQuestion) -> ObservedSteps:
    """Run three steps; the second is recorded, the third tells what was alive at its peak.

    The first step makes the optimizer's state. The third is run once more where that tells the
    user's line. Raises what the user's code raises, and MemoryError where the device's capacity
    does not suffice.
    """
    training = question.training
    model, snapshots, timelines = training.model, [], []
    with watch_phases(model, listener := _Listener(gpu, model)):
        batches = StepBatch(lambda: training.make_batch(question.batch_size))
        first = _first_step(training, batches.take(), question)
        record, peak = _recorded_step(gpu, training, batches.take())
        steady = replace(first, name=steady_name(question), peak_allocated_bytes=peak)
        steady = replace(steady, peak_reserved_bytes=statistics.peak_reserved_bytes())

        def again() -> None:
            batch = batches.take()
            following = gpu.following() if question.timeline else nullcontext()
            with following, gpu.recording(record.peak_launch):
                listener.claim_gradients()
                training.step(batch)
            lasting = lasting_blocks(training, batch)
            snapshots.append(breakdown(lasting, gpu.snapshot(), peak))
            if question.timeline:
                timelines.append(timeline_of(gpu.followed(), lasting))

        place = locate(gpu, model, steady.name, record.peak_phase, again)
    measurement = StepMeasurement(
        device=Device.VIRTUAL,
        precision=question.precision,
        per_device_batch_size=question.batch_size,
        peak_allocated_bytes=peak,
        peak_reserved_bytes=steady.peak_reserved_bytes,
        breakdown=snapshots[0],
        peak_phase=record.peak_phase,
        kernels=record.kernels,
        batch_bytes=training.batch_bytes(batches.take()),
        step_seconds=NO_TIME,
        allocator=allocator_rule(),
    )
    has_first = not training.workload.inference
    phases = (first, steady) if has_first else (steady,)
    return ObservedSteps(measurement, phases, place, timelines[0] if timelines else None)


def locate_first(gpu: VirtualGpu, question: StepQuestion) -> PeakAt | Missing:
    """Where a first step has its peak: run twice from a new start."""
    training = question.training

    def first(snapshot_at: int = -1) -> None:
        training.renewed()
        batch = training.make_batch(question.batch_size)
        with gpu.recording(snapshot_at):
            training.step(batch)

    with watch_phases(training.model, _Listener(gpu, training.model)):
        first()
        record = gpu.record()
        return locate(
            gpu,
            training.model,
            "train_first",
            record.peak_phase,
            lambda: first(record.peak_launch),
        )


def measure_step(gpu: VirtualGpu, question: StepQuestion) -> StepMeasurement:
    """The steady step alone of :func:`observe_steps`."""
    return observe_steps(gpu, question).measurement


def steady_name(question: StepQuestion) -> str:
    """What the phase of the steady step is called."""
    workload = question.training.workload
    if workload.inference:
        return "inference"
    if workload.accumulate > 1:
        return "accumulate"
    return "recompute" if workload.recompute else "train"


def _first_step(training: Training, batch: object, question: StepQuestion) -> PhasePeak:
    statistics.restart_allocated_peak()
    training.step(batch)
    return PhasePeak(
        name="train_first",
        peak_allocated_bytes=statistics.peak_allocated_bytes(),
        peak_reserved_bytes=statistics.peak_reserved_bytes(),
        per_device_batch_size=question.batch_size,
    )


def try_step(gpu: VirtualGpu, question: StepQuestion) -> tuple[StepRecord, int, int]:
    """Steps without the breakdown: the record of the second and its peak of allocated bytes, and
    the peak of reserved bytes of all.
    """
    training = question.training
    with watch_phases(training.model, _PhaseListener(gpu)):
        batches = StepBatch(lambda: training.make_batch(question.batch_size))
        training.step(batches.take())
        record, peak = _recorded_step(gpu, training, batches.take())
        if question.lasts:
            training.step(batches.take())
    if question.evaluates:
        del batches
        training.evaluation().repeat(question.batch_size)
    return record, peak, statistics.peak_reserved_bytes()


def _recorded_step(gpu: VirtualGpu, training: Training, batch: object) -> tuple[StepRecord, int]:
    """One steady step: its record and its peak of allocated bytes."""
    statistics.restart_allocated_peak()
    with gpu.recording():
        training.step(batch)
    return gpu.record(), statistics.peak_allocated_bytes()


def breakdown(
    lasting: dict[str, Blocks], snapshot: Iterable[LiveAllocation], peak: int
) -> MemoryBreakdown:
    """Split ``peak`` by kind.

    ``lasting``: the blocks that live through the whole step, by kind; one counts for the first
    kind that has its address. Of the others, which kernels of the step made, gradients are
    marked, what the forward pass made are activations, and the rest is temporary.
    """
    sizes = dict.fromkeys(("parameters", "buffers", "optimizer_state", "activations"), 0)
    counted: set[int] = set()
    for kind, blocks in lasting.items():
        sizes[kind] = sum(size for address, size in blocks.items() if address not in counted)
        counted |= blocks.keys()
    passing = [block for block in snapshot if block.address not in counted]
    gradients = sum(block.bytes for block in passing if block.is_gradient)
    sizes["activations"] += sum(
        block.bytes for block in passing if block.phase is Phase.FORWARD and not block.is_gradient
    )
    rest = peak - sum(sizes.values()) - gradients
    # The snapshot is of another step; where user code varies, it may hold a little more.
    sizes["activations"] += min(rest, 0)
    return MemoryBreakdown(gradients=gradients, temporary=max(rest, 0), **sizes)
