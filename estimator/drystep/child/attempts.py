"""Runs at other batch sizes and capacities, as far as they stay quick, and what they told."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from estimator.drystep.child import virtual
from estimator.drystep.child.sizes_taken import SizesTaken
from estimator.drystep.measurement import StepMeasurement
from estimator.drystep.search import Line, Needs
from estimator.errors import InternalError, UserCodeFailed
from estimator.messages import sentence
from estimator.values import Missing

LARGEST_BATCH = 4096
LARGEST_BATCH_BYTES = 2 << 30
"""No batch above either is tried: nobody trains with more, and making it would take longer."""

LONGEST_RUN_SECONDS = 1.5
"""Nor one that takes longer, as with code that goes through the samples one by one. Processor
time: what else runs on the machine must not change the answer."""


def largest_batch_to_try(asked: StepMeasurement) -> int:
    """Where the search for the largest batch ends; never below the asked batch."""
    per_sample = max(1, asked.batch_bytes // asked.per_device_batch_size)
    return max(asked.per_device_batch_size, min(LARGEST_BATCH, LARGEST_BATCH_BYTES // per_sample))


Run = Callable[[int, int], StepMeasurement | None]
"""Runs a batch size on a capacity in bytes; None where the device has no room for it. Raises
UserCodeFailed where the user's code does not take it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long looking for the largest batch may take.

    No batch is tried whose run takes more than ``longest_run_seconds`` of ``clock``, which reads
    processor seconds; after ``deadline`` (of ``time.monotonic``) nothing is run any more, and what
    is left is extrapolated. What a sample takes is timed at ``timed_at`` times the asked batch,
    because a few samples take less than a run varies by; not where the asked batch itself takes
    ``timed_below_seconds`` and twice a batch takes ``telling`` times as long: that says enough.
    """

    longest_run_seconds: float = LONGEST_RUN_SECONDS
    timed_at: int = 8
    timed_below_seconds: float = LONGEST_RUN_SECONDS / 4
    telling: float = 1.25
    deadline: float = math.inf
    clock: Callable[[], float] = time.process_time


USUAL_PACE = Pace()


class Attempts:
    """Runs batches at capacities and remembers what ran."""

    def __init__(self, asked: StepMeasurement, run: Run, pace: Pace) -> None:
        self._asked = asked
        self._run = run
        self._pace = pace
        self._ran: dict[tuple[int, int], StepMeasurement] = {}
        self.taken = SizesTaken(asked.per_device_batch_size)
        self.limit = largest_batch_to_try(asked)
        self.why_limited: str = sentence("nobody trains with more")
        self.precision = asked.precision
        self.allocator = asked.allocator

    @property
    def is_late(self) -> bool:
        """Whether nothing may be run any more."""
        return time.monotonic() > self._pace.deadline

    @property
    def refused(self) -> tuple[str, ...]:
        """What is to be said of batch sizes that the user's code does not take."""
        return self.taken.why

    def needs(self) -> Needs | None:
        """The lines through the asked batch and a second one, both without pressure.

        None where the user's code takes no second one.
        """
        asked = self._asked.per_device_batch_size
        others = (2,) if asked == 1 else (asked // 2, 2 * asked)
        first = self._timed(asked)
        second = next(filter(None, map(self._timed, others)), None)
        return None if first is None or second is None else self._lines((first, second))

    def _lines(self, timed: Sequence[tuple[StepMeasurement, float]]) -> Needs:
        first = self._asked.per_device_batch_size
        points, seconds = zip(*timed, strict=True)
        times = [(p.per_device_batch_size, s) for p, s in timed]
        more = min(first * self._pace.timed_at, self.limit)
        tells = max(seconds) > min(seconds) * self._pace.telling
        if more > first and not (tells and seconds[0] >= self._pace.timed_below_seconds):
            started = self._pace.clock()
            if self.runs(more, virtual.BOUNDLESS):  # not more than a kernel or the device bears
                times[1] = (more, self._pace.clock() - started)
        self._limit_run_time(Line.through(*times))
        allocated = [(p.per_device_batch_size, p.peak_allocated_bytes) for p in points]
        reserved = [(p.per_device_batch_size, p.taken_bytes) for p in points]
        return Needs(Line.through(*allocated), Line.through(*reserved))

    def _timed(self, batch_size: int) -> tuple[StepMeasurement, float] | None:
        """The step with room to spare and its seconds; None where the size is not taken."""
        started = self._pace.clock()
        ran = self.unconstrained(batch_size)
        return None if ran is None else (ran, self._pace.clock() - started)

    def _limit_run_time(self, seconds: Line) -> None:
        """Stay below the batch size whose run would take too long by the line of two runs."""
        asked, longest = self._asked.per_device_batch_size, self._pace.longest_run_seconds
        quick = max(asked, seconds.batch_for(longest, self.limit))
        if quick < self.limit:
            self.limit = quick
            self.why_limited = sentence(
                "two steps would take more than {limit:g} s", limit=round(longest, 1)
            )

    def runs(self, batch_size: int, capacity: int) -> bool:
        """Whether two steps get through at the nearest batch size up to this one that is taken, on
        this capacity or a smaller one.
        """
        nearest = self.taken.nearest(batch_size)
        if nearest == 0:
            return False
        for (size, enough), measurement in self._ran.items():
            if size == nearest and enough <= capacity:
                self._ran[nearest, capacity] = measurement
                return True
        try:
            ran = self._run(nearest, capacity)
        except UserCodeFailed as error:
            self._refused(nearest, capacity, error)
            return self.runs(batch_size, capacity)
        if ran is not None:
            self._ran[nearest, capacity] = ran
        return ran is not None

    def _refused(self, batch_size: int, capacity: int, error: UserCodeFailed) -> None:
        """Find out whether a multiple of the asked batch size is refused as well."""
        asked = self._asked.per_device_batch_size
        if batch_size == asked:
            raise error
        multiple = batch_size - batch_size % asked
        try:
            if asked < multiple < batch_size:
                self._run(multiple, capacity)
        except UserCodeFailed:
            batch_size = multiple
        self.taken.refuse(batch_size, error)

    def unconstrained(self, batch_size: int) -> StepMeasurement | None:
        """The step at the nearest batch size up to this one that is taken, with room to spare, run
        once; None where none is taken.
        """
        if self.runs(batch_size, virtual.BOUNDLESS):
            return self._ran[self.taken.nearest(batch_size), virtual.BOUNDLESS]
        if not self.taken.why:
            raise InternalError("the virtual GPU without a limit has run out of memory")
        return None

    def measurement(self, batch_size: int, capacity: int) -> StepMeasurement | Missing:
        if batch_size == 0:
            return Missing(sentence("not even one sample fits"))
        return self._ran[batch_size, capacity]
