"""Answers one request about a script: a first look, then runs at other batch sizes."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import paddle

from estimator.drystep.child import virtual
from estimator.drystep.child.attempts import Pace, Run
from estimator.drystep.child.collectives import LoneRank
from estimator.drystep.child.copies import use_one_thread
from estimator.drystep.child.cuda.pretend import pretend_cuda
from estimator.drystep.child.observe import NO_TIME
from estimator.drystep.child.replies import Replies
from estimator.drystep.child.resident import peak_resident_bytes
from estimator.drystep.child.script.landlock import allow_writes_below
from estimator.drystep.child.script.runs import Runs
from estimator.drystep.child.script.seen import NoRoom, Probe, RunSeen
from estimator.drystep.child.script.sentences import assumptions, evaluation_note
from estimator.drystep.child.script.stage import Stage
from estimator.drystep.child.trials import Exploration, explore, fits_or_not
from estimator.drystep.child.unmodelled import watch_sparse_tensors
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import (
    BatchesSeen,
    Device,
    DryStepReport,
    MemoryBreakdown,
    PeakAt,
    PhasePeak,
    StepMeasurement,
)
from estimator.drystep.request import DryStepRequest
from estimator.errors import BadInput, InternalError
from estimator.messages import sentence
from estimator.values import Missing
from estimator.workload.types import Script

SHARE_OF_TIME = 0.6
"""Of the time limit, what may have gone by when looking for the largest batch stops."""

TIMES_THE_FIRST_RUN = 4.0
"""No batch is tried whose run takes that many times as long as that of the script's own."""


TIMED_AT = 16
"""Times the script's own batch size: large enough to tell what a sample takes from the noise."""

_DEVICES = Path("/dev")


@dataclass(frozen=True, slots=True)
class Found:
    """What the runs brought back. ``first`` looked at everything, ``asked`` is the answer."""

    first: RunSeen
    asked: StepMeasurement
    steady: RunSeen
    exploration: Exploration
    host_peak_bytes: int


def measure_script(request: DryStepRequest, replies: Replies, faults: int) -> DryStepReport:
    """Run the script on the virtual GPU, in copies of this process, and report.

    Raises UserCodeFailed for whatever the script does instead of training. Files that it writes
    go to ``request.scratch``.
    """
    started = time.perf_counter()
    script, scratch = request.workload.script, request.scratch
    if script is None or request.card is None or request.plugin is None or scratch is None:
        raise InternalError("a request to run a script names it, its device and a scratch folder")
    gpu = VirtualGpu(request.plugin)
    gpu.set_capacity(virtual.BOUNDLESS)
    pretend_cuda(request.card, request.rank.gpus_per_node if request.rank else 1)
    watch_sparse_tensors()
    is_guarded = _set_the_stage(scratch)
    folder = os.path.realpath(scratch)
    rank = None if request.rank is None else LoneRank(request.plugin)
    if rank is not None:
        rank.expect([bytes.fromhex(text) for text in request.mail])
    runs = Runs(Stage(gpu, script, request.workload.model_file, folder, faults, rank=rank))
    try:
        found = _measured(runs, request, replies)
    finally:
        runs.close()
    told = assumptions(found.first, script, runs.why_from_the_start, is_guarded=is_guarded)
    told = (*told, *found.exploration.refused)
    return _report(request, found, time.perf_counter() - started, told)


def _set_the_stage(scratch: Path) -> bool:
    """Threads, temporary files, and where may be written; whether Linux guards that."""
    scratch.mkdir(parents=True, exist_ok=True)
    use_one_thread()
    os.environ["TMPDIR"] = os.path.realpath(scratch)
    return allow_writes_below([scratch, _DEVICES])


def _measured(runs: Runs, request: DryStepRequest, replies: Replies) -> Found:
    started = time.monotonic()
    first = _first_look(runs)
    asked_size = request.workload.per_device_batch_size or first.steps[-1].batch_size
    probe = _training_probe(runs, first, asked_size)
    replies.progress(f"measuring batch size {asked_size}")
    steady = _ran(runs.run(replace(probe, breakdown=True, timeline=request.timeline)))
    asked = _with_workspace(runs, probe, steady, first)
    if request.capacities:
        replies.progress("looking for the largest batch")
    run = _explorer(runs, request, first, asked)
    if isinstance(first.template, str) and not runs.has_batch_argument:
        exploration = fits_or_not(asked, run, request.capacities)
    else:
        exploration = explore(asked, run, request, _pace(runs, steady, started, request))
    host_peak = max(first.host_peak_bytes, steady.host_peak_bytes, peak_resident_bytes())
    return Found(first, asked, steady, exploration, host_peak)


def _first_look(runs: Runs) -> RunSeen:
    """A look at the script; another one where its steps are to be counted by another optimizer."""
    probe = Probe(first_look=True, breakdown=True)
    first = runs.first(probe)
    return _ran(runs.run(replace(probe, lead=first.lead))) if first.lead else first


def _pace(runs: Runs, steady: RunSeen, started: float, request: DryStepRequest) -> Pace:
    return Pace(
        longest_run_seconds=TIMES_THE_FIRST_RUN * max(steady.processor_seconds, 0.5),
        timed_at=TIMED_AT,
        timed_below_seconds=math.inf,  # most of a run is the script's beginning
        clock=lambda: runs.processor_seconds,
        deadline=started + SHARE_OF_TIME * request.seconds,
    )


def _training_probe(runs: Runs, first: RunSeen, batch_size: int) -> Probe:
    """A run at a batch size: of copies of the largest batch seen, where that can be made.

    An argument may set the batch size of an evaluation too, so that is watched again.
    """
    looks = runs.has_batch_argument and first.evaluation is not None
    probe = Probe(batch_size, first_look=looks, lead=first.lead)
    if isinstance(first.template, str):
        return probe
    return replace(probe, template=first.template, train_loader=first.train_loader)


def _explorer(runs: Runs, request: DryStepRequest, first: RunSeen, asked: StepMeasurement) -> Run:
    fixed = None if runs.has_batch_argument else first.evaluation
    script = request.workload.script

    def run(batch_size: int, capacity: int) -> StepMeasurement | None:
        if fixed is not None and fixed.peak_allocated_bytes > capacity:
            return None
        probe = _training_probe(runs, first, batch_size)
        seen = runs.run(replace(probe, capacity=capacity, workspace=True))
        if isinstance(seen, NoRoom):
            return None
        if script is not None and script.batch_argument:
            _check_argument(script, first, seen, batch_size)
        return replace(_measurement(seen, first), breakdown=asked.breakdown)

    return run


def _check_argument(script: Script, first: RunSeen, seen: RunSeen, wanted: int) -> None:
    """Raise BadInput where another value of the argument left the batch size what it was."""
    before, after = first.declared_batch_size, seen.declared_batch_size
    if isinstance(first.template, str):
        before, after = first.steps[-1].batch_size, seen.steps[-1].batch_size
    if before is not None and before == after != wanted:
        raise BadInput(
            sentence(
                "the argument {argument} does not change the batch size: with {wanted} it is still "
                "{before}",
                argument=" ".join(script.batch_argument),
                wanted=wanted,
                before=before,
            ),
            where="--batch-arg",
            hint=sentence("the argument that the script reads its batch size from"),
        )


def _with_workspace(runs: Runs, probe: Probe, steady: RunSeen, first: RunSeen) -> StepMeasurement:
    """The steady step, with what the scratch of convolutions adds to the reserved bytes."""
    asked = _measurement(steady, first)
    if not asked.has_convolution:
        return asked
    seen = _ran(runs.run(replace(probe, workspace=True)))
    reserved = _measurement(seen, first).peak_reserved_bytes
    return replace(
        asked,
        workspace_bytes=max(0, reserved - asked.peak_reserved_bytes),
        workspace_limit_bytes=seen.workspace_limit_bytes,
    )


def _ran(seen: RunSeen | NoRoom) -> RunSeen:
    if isinstance(seen, NoRoom):
        raise InternalError("the virtual GPU without a limit has run out of memory")
    return seen


def _measurement(seen: RunSeen, first: RunSeen) -> StepMeasurement:
    """The second step; the allocator holds what an evaluation needed as well.

    Where no argument sets its batch size, the evaluation is that of the first look.
    """
    evaluation = seen.evaluation or first.evaluation
    if seen.record is None:
        raise InternalError("a run of the script was reported before its second step")
    second = seen.steps[1]
    reserved = max(step.peak_reserved_bytes for step in seen.steps)
    return StepMeasurement(
        device=Device.VIRTUAL,
        precision=seen.precision,
        per_device_batch_size=second.batch_size,
        peak_allocated_bytes=second.peak_allocated_bytes,
        peak_reserved_bytes=max(reserved, evaluation.peak_reserved_bytes if evaluation else 0),
        page_bytes=seen.page_bytes,
        breakdown=seen.breakdown or _UNKNOWN,
        peak_phase=seen.record.peak_phase,
        kernels=seen.record.kernels,
        batch_bytes=second.batch_bytes,
        step_seconds=NO_TIME,
        allocator=seen.allocator,
        batches=second.batches,
    )


_UNKNOWN = MemoryBreakdown(0, 0, 0, 0, 0, 0)


def _report(
    request: DryStepRequest, found: Found, seconds: float, told: tuple[str, ...]
) -> DryStepReport:
    phases = _phases(found)
    return DryStepReport(
        device=Device.VIRTUAL,
        paddle_version=paddle.__version__,
        model=found.first.facts,
        optimizer=found.first.optimizer,
        measurements=(found.asked,),
        trials=found.exploration.trials,
        assumptions=told,
        seconds=seconds,
        host_peak_bytes=found.host_peak_bytes,
        fallback_reason=request.fallback_reason,
        ladder=found.exploration.ladder,
        phases=phases,
        peak_at=_peak_at(found, phases),
        timeline=found.steady.timeline,
        batches=_batches(found.first),
        rank=found.steady.rank,
        loader=found.first.loader,
    )


def _phases(found: Found) -> tuple[PhasePeak, ...]:
    """The first and the steady step at the asked batch size, and the evaluation's own."""
    phases = [
        PhasePeak(name, step.peak_allocated_bytes, step.peak_reserved_bytes, step.batch_size)
        for name, step in zip(("train_first", "train"), found.steady.steps, strict=False)
    ]
    evaluation = found.steady.evaluation or found.first.evaluation
    if evaluation is not None:
        phases.append(
            PhasePeak(
                "eval",
                evaluation.peak_allocated_bytes,
                evaluation.peak_reserved_bytes,
                evaluation.batch_size,
                evaluation_note(evaluation),
            )
        )
    return tuple(phases)


def _peak_at(found: Found, phases: tuple[PhasePeak, ...]) -> PeakAt | Missing:
    """Where the largest of the phases has its peak."""
    largest = max(phases, key=lambda phase: phase.peak_allocated_bytes).name
    evaluation = found.steady.evaluation or found.first.evaluation
    if largest == "eval" and evaluation is not None:
        return evaluation.peak_at
    if largest == "train":
        return found.steady.peak_at
    return Missing(
        sentence("the largest peak is in the first training step, whose launches were not recorded")
    )


def _batches(first: RunSeen) -> BatchesSeen:
    sizes = [step.batch_bytes for step in first.steps]
    peaks = [step.peak_allocated_bytes for step in first.steps[1:] or first.steps]
    largest = max(first.steps, key=lambda step: step.batch_bytes)
    return BatchesSeen(
        looked_at=len(first.steps),
        distinct_shapes=len({step.shapes for step in first.steps}),
        largest_shapes=largest.shapes,
        largest_bytes=largest.batch_bytes,
        median_bytes=round(median(sizes)),
        largest_peak_allocated_bytes=max(peaks),
        median_peak_allocated_bytes=round(median(peaks)),
    )
