"""The largest per-device batch size that really runs on a device of a given capacity."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from estimator.drystep.child import statistics, virtual
from estimator.drystep.child.observe import StepQuestion, try_step
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import CapacityTrial, StepMeasurement
from estimator.drystep.request import DryStepRequest
from estimator.drystep.search import Found, Line, Needs, largest_batch
from estimator.errors import UserCodeFailed
from estimator.messages import sentence
from estimator.values import Missing

LARGEST_BATCH = 4096
LARGEST_BATCH_BYTES = 2 << 30
"""No batch above either is tried: nobody trains with more, and making it would take longer."""

LONGEST_RUN_SECONDS = 1.5
"""Nor one that takes longer, as with code that goes through the samples one by one. Processor
time: what else runs on the machine must not change the answer."""

FIRST_POSITION = 0.8
"""Where the largest batch stood between the lines of :class:`Needs` in ResNet-50 and others."""


def largest_batch_to_try(asked: StepMeasurement) -> int:
    """Where the search for the largest batch ends; never below the asked batch."""
    per_sample = max(1, asked.batch_bytes // asked.per_device_batch_size)
    return max(asked.per_device_batch_size, min(LARGEST_BATCH, LARGEST_BATCH_BYTES // per_sample))


@dataclass(frozen=True, slots=True)
class Exploration:
    """The largest batch of each capacity, and steps at round batch sizes up to the largest."""

    trials: tuple[CapacityTrial, ...]
    ladder: tuple[StepMeasurement, ...]


def explore(
    gpu: VirtualGpu,
    asked: StepMeasurement,
    question: StepQuestion,
    request: DryStepRequest,
) -> Exploration:
    """For each capacity search the largest batch, each attempt with a new optimizer.

    ``asked`` is the unconstrained measurement of ``question``, whose training is renewed each
    time. Scratch of convolutions is taken from the device as cuDNN would.
    """
    gpu.set_workspace_limit(virtual.WORKSPACE_LIMIT)
    attempts = _Attempts(gpu, asked, question)
    trials = tuple(_trials(attempts, request.capacities))
    largest = max((trial.max_per_device_batch_size for trial in trials), default=0)
    sizes = round_sizes(largest) if request.round_batch_sizes else ()
    ladder = tuple(attempts.unconstrained(size) for size in sizes)
    gpu.set_workspace_limit(0)
    return Exploration(trials, ladder)


def round_sizes(largest: int) -> tuple[int, ...]:
    """Powers of two up to ``largest``: the seven largest, what people would choose among."""
    powers = [1 << exponent for exponent in range(largest.bit_length())]
    return tuple(powers[-7:])


def _trials(attempts: _Attempts, capacities: Sequence[int]) -> Iterator[CapacityTrial]:
    needs = attempts.needs()
    position = FIRST_POSITION
    for capacity in sorted(capacities):
        found = largest_batch(
            partial(attempts.runs, capacity=capacity),
            needs,
            capacity,
            attempts.limit,
            position,
        )
        if 0 < found.largest < attempts.limit:
            position = found.position
        yield CapacityTrial(
            capacity_bytes=capacity,
            precision=attempts.precision,
            max_per_device_batch_size=found.largest,
            next_failing_batch_size=_failing(found, attempts),
            measurement=attempts.measurement(found.largest, capacity),
        )


def _failing(found: Found, attempts: _Attempts) -> int | Missing:
    if isinstance(found.failing, Missing):
        return Missing(
            sentence("{what}: {why}", what=found.failing.reason, why=attempts.why_limited)
        )
    return found.failing


class _Attempts:
    """Runs batches at capacities and remembers what ran."""

    def __init__(self, gpu: VirtualGpu, asked: StepMeasurement, question: StepQuestion) -> None:
        self._gpu = gpu
        self._asked = asked
        self._question = question
        self._ran: dict[tuple[int, int], StepMeasurement] = {}
        self.limit = largest_batch_to_try(asked)
        self.why_limited: str = sentence("nobody trains with more")
        self.precision = asked.precision

    def needs(self) -> Needs:
        """The lines through the asked batch and a second one, both without pressure."""
        first = self._asked.per_device_batch_size
        second = 2 if first == 1 else first // 2
        points, seconds = zip(*map(self._timed, (first, second)), strict=True)
        self._limit_run_time(Line.through(*zip((first, second), seconds, strict=True)))
        allocated = [(p.per_device_batch_size, p.peak_allocated_bytes) for p in points]
        reserved = [(p.per_device_batch_size, p.peak_reserved_bytes) for p in points]
        return Needs(Line.through(*allocated), Line.through(*reserved))

    def _timed(self, batch_size: int) -> tuple[StepMeasurement, float]:
        started = time.process_time()
        return self.unconstrained(batch_size), time.process_time() - started

    def _limit_run_time(self, seconds: Line) -> None:
        """Stay below the batch size whose run would take too long by the line of two runs."""
        asked = self._asked.per_device_batch_size
        quick = max(asked, seconds.batch_for(LONGEST_RUN_SECONDS, self.limit))
        if quick < self.limit:
            self.limit = quick
            self.why_limited = sentence(
                "two steps would take more than {limit:g} s", limit=LONGEST_RUN_SECONDS
            )

    def runs(self, batch_size: int, capacity: int) -> bool:
        """Whether two steps at this batch size get through on this capacity or a smaller one."""
        for (size, enough), measurement in self._ran.items():
            if size == batch_size and enough <= capacity:
                self._ran[batch_size, capacity] = measurement
                return True
        return self._run(batch_size, capacity)

    def _run(self, batch_size: int, capacity: int) -> bool:
        self._question.training.renewed()
        statistics.restart_reserved_peak()
        self._gpu.set_capacity(capacity)
        question = replace(self._question, batch_size=batch_size)
        try:
            record, allocated, reserved = try_step(self._gpu, question)
        except MemoryError as error:
            return _no_room(error)
        finally:
            self._gpu.set_capacity(virtual.BOUNDLESS)
        self._ran[batch_size, capacity] = replace(
            self._asked,
            per_device_batch_size=batch_size,
            peak_allocated_bytes=allocated,
            peak_reserved_bytes=reserved,
            peak_phase=record.peak_phase,
            kernels=record.kernels,
            workspace_bytes=0,
        )
        return True

    def unconstrained(self, batch_size: int) -> StepMeasurement:
        """The step at this batch size with room to spare; run once."""
        if (batch_size, virtual.BOUNDLESS) not in self._ran:
            self._run(batch_size, virtual.BOUNDLESS)
        return self._ran[batch_size, virtual.BOUNDLESS]

    def measurement(self, batch_size: int, capacity: int) -> StepMeasurement | Missing:
        if batch_size == 0:
            return Missing(sentence("not even one sample fits"))
        return self._ran[batch_size, capacity]


def _no_room(error: MemoryError) -> bool:
    """False for the device's own out-of-memory; anything else is the user's host memory."""
    if virtual.is_device_out_of_memory(error):
        return False
    raise UserCodeFailed(
        "the host has too little memory to make a batch while looking for the largest one",
        hint="--batch-size N, which measures that batch alone",
    ) from error
