"""Plans of a model file on several GPUs: one rank of each, in a copy of this process."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.attempts import largest_batch_to_try
from estimator.drystep.child.collectives import LoneRank
from estimator.drystep.child.copies import Channel, Copy, channel
from estimator.drystep.child.observe import NO_TIME, StepQuestion, try_step
from estimator.drystep.child.parallel import start
from estimator.drystep.child.replies import Say
from estimator.drystep.child.saved import model_source
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.training import build_training
from estimator.drystep.child.unmodelled import workspace_limit
from estimator.drystep.child.user_code import internal
from estimator.drystep.child.virtual import StepRecord, VirtualGpu
from estimator.drystep.cluster import VirtualRank
from estimator.drystep.measurement import (
    Device,
    MemoryBreakdown,
    PlanPoint,
    PlanRun,
    PlansSeen,
    RankClass,
    StepMeasurement,
)
from estimator.drystep.plansearch import OneGpu, PlanSearch, may_be_squeezed
from estimator.drystep.protocol import decode_error, encode_error
from estimator.drystep.rank_kinds import (
    RanRank,
    mail_to,
    rank_classes,
    still_to_run,
    with_micro_batches,
)
from estimator.drystep.request import DryStepRequest, PlanSpace
from estimator.errors import EstimatorError, InternalError
from estimator.messages import sentence
from estimator.values import Missing
from estimator.workload.types import Workload

AT_ONCE = 2
"""Copies that run at the same time, where the machine has the processors."""

_NO_BREAKDOWN = MemoryBreakdown(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Planned:
    """All that running a plan takes, and the model as it was measured on one GPU.

    largest: the largest batch that fits on one GPU of any kind, 0 where none does. evaluates:
    whether an evaluation pass comes behind the steps. deadline: of ``time.monotonic``.
    """

    gpu: VirtualGpu
    library: Path
    request: DryStepRequest
    space: PlanSpace
    asked: StepMeasurement
    largest: int
    evaluates: bool
    deadline: float


def run_plans(planned: Planned, say: Say) -> PlansSeen:
    """Search the space of plans, several at a time. One that cannot be run says why."""
    asked = planned.asked
    first = planned.largest or asked.per_device_batch_size
    one_gpu = OneGpu(asked, planned.request.workload)
    search = PlanSearch(planned.space, one_gpu, first, largest_batch_to_try(asked))
    running: list[_Running] = []
    ranks: dict[tuple[object, ...], int] = {}
    while time.monotonic() < planned.deadline:
        while len(running) < _at_once() and (point := search.next()) is not None:
            running.append(_Running(planned, point, ranks.get(_sharded_alike(point), 0)))
        if not running:
            break
        for one in list(running):
            if one.has_ended():
                running.remove(one)
                search.learn(one.run)
                if one.largest_share is not None:
                    ranks[_sharded_alike(one.run.point)] = one.largest_share
                seen = search.seen()
                say(f"{len(seen.runs)} plans run, {seen.left_out - seen.not_reached} left out")
    for one in running:
        one.stop()
    return search.seen()


def _at_once() -> int:
    return min(AT_ONCE, len(os.sched_getaffinity(0)))


def _sharded_alike(point: PlanPoint) -> tuple[object, ...]:
    """What decides how parameters are dealt out to the ranks."""
    return (point.gpu_count, point.precision, replace(point.strategy, recompute=False))


@dataclass(frozen=True, slots=True)
class _Work:
    """What one copy does."""

    planned: Planned
    point: PlanPoint
    rank: int
    mail: tuple[str, ...]
    capacity: int

    def run(self, answer: Channel) -> None:
        """Run the rank and tell; a device without room for it is told as what it is."""
        try:
            answer.send(self._ran())
        except EstimatorError as error:
            answer.send(encode_error(error))
        except MemoryError:
            answer.send(Missing(sentence("out of memory")))
        except Exception as error:
            answer.send(encode_error(internal(error)))

    def _ran(self) -> RanRank:
        planned, point = self.planned, self.point
        os.environ.update(VirtualRank(self.rank, point.gpu_count).environment())
        planned.gpu.set_capacity(self.capacity)
        planned.gpu.set_workspace_limit(workspace_limit())
        lone = LoneRank(planned.library)
        lone.expect([bytes.fromhex(text) for text in self.mail])
        recorder = RankRecorder(lone)
        workload = _of_plan(planned.request.workload, point)
        batch_size, strategy = point.per_device_batch_size, point.strategy
        micro_batches = strategy.micro_batches(batch_size, workload.accumulate)
        statistics.restart_reserved_peak()  # here: a rank keeps what it takes for Fleet's messages
        start(point, micro_batches)
        training = build_training(model_source(workload), workload, point.precision)
        recorder.pipeline(training.model)
        evaluates = planned.evaluates and strategy.pipeline_parallel_degree == 1
        question = StepQuestion(training, point.precision, batch_size, evaluates, lasts=True)
        record, allocated, reserved = try_step(planned.gpu, question)
        recorder.end()
        recorder.stepped(training.optimizer)
        measurement = _measurement(planned.asked, point, record, allocated, reserved)
        seen = recorder.seen(batch_size, backward_passes=1)
        seen = replace(seen, micro_batches=strategy.micro_batches_to_run(micro_batches))
        ran = RanRank(seen, measurement, training.facts().parameters)
        ran = with_micro_batches(ran, micro_batches)
        return replace(ran, seen=replace(ran.seen, samples=batch_size))


def _of_plan(workload: Workload, point: PlanPoint) -> Workload:
    strategy = point.strategy
    return replace(
        workload,
        options={**workload.options, **strategy.model_options},
        recompute=strategy.recompute,
        strategy=strategy,
    )


def _measurement(
    asked: StepMeasurement, point: PlanPoint, record: StepRecord, allocated: int, reserved: int
) -> StepMeasurement:
    batch_size = point.per_device_batch_size
    return StepMeasurement(
        device=Device.VIRTUAL,
        precision=point.precision,
        per_device_batch_size=batch_size,
        peak_allocated_bytes=allocated,
        peak_reserved_bytes=reserved,
        page_bytes=statistics.page_bytes(),
        breakdown=_NO_BREAKDOWN,
        peak_phase=record.peak_phase,
        kernels=record.kernels,
        batch_bytes=asked.batch_bytes * batch_size // asked.per_device_batch_size,
        step_seconds=NO_TIME,
        workspace_limit_bytes=workspace_limit(),
        allocator=asked.allocator,
    )


class _Running:
    """A plan that is run, rank by rank as :func:`still_to_run` says, beginning with ``rank``; then
    on devices that are short of memory.
    """

    def __init__(self, planned: Planned, point: PlanPoint, rank: int) -> None:
        self._planned = planned
        self._ran: list[RanRank] = []
        self._mail: dict[int, tuple[str, ...]] = {}
        self._short: list[tuple[int, RankClass]] | None = None
        self.run = PlanRun(point, Missing(sentence("it was not run")))
        self._begin(rank, virtual.BOUNDLESS)

    @property
    def largest_share(self) -> int | None:
        """The rank that stands for all by itself, where all is known and there is one."""
        ranks = self.run.ranks
        alone = not isinstance(ranks, Missing) and self._ran[0].seen.topology.degree("pipe") == 1
        return self._ran[-1].seen.rank if alone else None

    def has_ended(self) -> bool:
        """Whether all is known; waits a moment, and goes on where a part is known."""
        answer = self._answer()
        if answer is _NOTHING:
            return False
        if self._short is None:
            return self._learnt(answer)
        (capacity, _), *rest = self._short
        squeezed = dict(self.run.squeezed)
        if isinstance(answer, RanRank):
            held = answer.measurement.peak_reserved_bytes
            squeezed[capacity] = max(held, squeezed.get(capacity, 0))
        else:
            squeezed.pop(capacity, None)
            rest = [short for short in rest if short[0] != capacity]
        self.run = replace(self.run, squeezed=squeezed)
        return not self._next_capacity(rest)

    def stop(self) -> None:
        """End it at once."""
        self._copy.stop()
        self._answers.close()

    def _begin(self, rank: int, capacity: int) -> None:
        self._answers, answer = channel()
        stage = self._ran[0].seen.topology.place(rank).get("pipe", 0) if self._ran else 0
        if stage not in self._mail:
            self._mail[stage] = mail_to(rank, (one.seen for one in self._ran))
        work = _Work(self._planned, self.run.point, rank, self._mail[stage], capacity)
        self._copy = Copy(lambda: work.run(answer), faults=None)
        answer.close()

    def _answer(self) -> object:
        """What the copy says, or how it ended without a word; waits a moment."""
        if not self._answers.is_readable(_WAIT_SECONDS):
            return _NOTHING
        try:
            said = self._answers.receive()
        except EOFError:
            ended = self._copy.ended(_SECONDS_TO_LEAVE)
            code = ended.exit_code if ended else None
            said = Missing(sentence("the process that ran it ended with {code}", code=code))
        self._answers.close()
        self._copy.stop(after=_SECONDS_TO_LEAVE)
        return said

    def _learnt(self, answer: object) -> bool:
        if not isinstance(answer, RanRank):
            self.run = replace(self.run, ranks=_why(answer))
            return True
        self._ran.append(answer)
        if ranks := still_to_run(self._ran, last=False):
            self._begin(ranks[0], virtual.BOUNDLESS)
            return False
        self.run = replace(self.run, ranks=rank_classes(self._ran))
        return not self._next_capacity(list(may_be_squeezed(self.run, self._planned.space)))

    def _next_capacity(self, short: list[tuple[int, RankClass]]) -> bool:
        self._short = short
        if short:
            capacity, one = short[0]
            self._begin(one.seen.rank, one.measurement.allocator.room(capacity))
        return bool(short)


_NOTHING = object()
_WAIT_SECONDS = 0.02
_SECONDS_TO_LEAVE = 2.0


def _why(answer: object) -> Missing:
    if isinstance(answer, Missing):
        return answer
    if isinstance(answer, bytes):
        return Missing(decode_error(json.loads(answer)["error"]).what)
    raise InternalError(f"a copy that ran a plan said {answer!r}")
