"""Plans of a model file on several GPUs: one rank of each, in a copy of this process."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.collectives import LoneRank
from estimator.drystep.child.copies import Channel, Copy, channel
from estimator.drystep.child.observe import NO_TIME, StepQuestion, try_step
from estimator.drystep.child.parallel import start
from estimator.drystep.child.replies import Say
from estimator.drystep.child.saved import model_source
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.training import fresh_training
from estimator.drystep.child.trials import largest_batch_to_try
from estimator.drystep.child.unmodelled import workspace_limit
from estimator.drystep.child.user_code import internal
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.cluster import RankSeen, VirtualRank
from estimator.drystep.measurement import (
    Device,
    MemoryBreakdown,
    PlanPoint,
    PlanRun,
    PlansSeen,
    StepMeasurement,
)
from estimator.drystep.plansearch import OneGpu, PlanSearch, may_be_squeezed
from estimator.drystep.protocol import decode_error, encode_error
from estimator.drystep.request import DryStepRequest, PlanSpace
from estimator.errors import EstimatorError, InternalError
from estimator.messages import sentence
from estimator.values import Missing

AT_ONCE = 2
"""Copies that run at the same time, where the machine has the processors."""

SAME_SHARE = 1.001
"""Shares of the optimizer's state that differ by no more take the same memory."""

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
    one_gpu = OneGpu(asked, planned.request.workload.recompute)
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
                if one.run.seen is not None:
                    ranks[_sharded_alike(one.run.point)] = one.run.seen.rank
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
class _Ran:
    """What a rank that ran brings back."""

    measurement: StepMeasurement
    seen: RankSeen


@dataclass(frozen=True, slots=True)
class _Work:
    """What one copy does."""

    planned: Planned
    point: PlanPoint
    rank: int
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

    def _ran(self) -> _Ran:
        planned, point, strategy = self.planned, self.point, self.point.strategy
        os.environ.update(VirtualRank(self.rank, point.gpu_count).environment())
        planned.gpu.set_capacity(self.capacity)
        planned.gpu.set_workspace_limit(workspace_limit())
        recorder = RankRecorder(LoneRank(planned.library))
        start(point.gpu_count, strategy)
        asked_for = planned.request.workload
        workload = replace(
            asked_for,
            options={**asked_for.options, **strategy.model_options},
            recompute=strategy.recompute,
            strategy=strategy,
        )
        training = fresh_training(model_source(workload), workload, point.precision)
        batch_size = point.per_device_batch_size
        question = StepQuestion(training, point.precision, batch_size, planned.evaluates)
        record, allocated, reserved = try_step(planned.gpu, question)
        recorder.end()
        recorder.stepped(training.optimizer)
        asked = planned.asked
        measurement = StepMeasurement(
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
            allocator=planned.asked.allocator,
        )
        return _Ran(measurement, recorder.seen(batch_size, min(workload.accumulate, batch_size)))


class _Running:
    """A plan that is run: rank 0, then the rank with the largest share of the optimizer's state if
    that is another, then on devices that are short of memory.
    """

    def __init__(self, planned: Planned, point: PlanPoint, rank: int) -> None:
        self._planned = planned
        self.rank = rank
        self.run = PlanRun(point, Missing(sentence("it was not run")))
        self._short: list[int] | None = None
        self._begin(virtual.BOUNDLESS)

    def has_ended(self) -> bool:
        """Whether all is known; waits a moment, and goes on where a part is known."""
        answer = self._answer()
        if answer is _NOTHING:
            return False
        if self._short is None:
            return self._learnt(answer)
        if isinstance(answer, _Ran):
            held = {**self.run.squeezed, self._short[0]: answer.measurement.peak_reserved_bytes}
            self.run = replace(self.run, squeezed=held)
        return not self._next_capacity(self._short[1:])

    def stop(self) -> None:
        """End it at once."""
        self._copy.stop()
        self._answers.close()

    def _begin(self, capacity: int) -> None:
        self._answers, answer = channel()
        planned, point, rank = self._planned, self.run.point, self.rank
        work = _Work(planned, point, rank, capacity)
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
        if not isinstance(answer, _Ran):
            self.run = replace(self.run, measurement=_why(answer))
            return True
        largest = _largest_share(answer.seen)
        if largest is not None and largest != self.rank and self.rank == 0:
            self.rank = largest
            self._begin(virtual.BOUNDLESS)
            return False
        self.run = replace(self.run, measurement=answer.measurement, seen=answer.seen)
        return not self._next_capacity(list(may_be_squeezed(self.run, self._planned.space)))

    def _next_capacity(self, capacities: list[int]) -> bool:
        self._short = capacities
        if capacities:
            self._begin(self._planned.asked.allocator.room(capacities[0]))
        return bool(capacities)


_NOTHING = object()
_WAIT_SECONDS = 0.02
_SECONDS_TO_LEAVE = 2.0


def _why(answer: object) -> Missing:
    if isinstance(answer, Missing):
        return answer
    if isinstance(answer, bytes):
        return Missing(decode_error(json.loads(answer)["error"]).what)
    raise InternalError(f"a copy that ran a plan said {answer!r}")


def _largest_share(seen: RankSeen) -> int | None:
    """The first rank with the largest share of the optimizer's state; None where all are alike."""
    if not seen.shares or max(seen.shares) <= seen.shares[0] * SAME_SHARE:
        return None
    return seen.topology.rank_at({"sharding": seen.shares.index(max(seen.shares))})
