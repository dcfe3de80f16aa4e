"""The largest per-device batch size that really runs on a device of a given capacity."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from estimator.drystep.child import virtual
from estimator.drystep.child.beside import Begin, in_turn
from estimator.drystep.child.sizes_taken import SizesTaken
from estimator.drystep.measurement import CapacityTrial, StepMeasurement
from estimator.drystep.request import DryStepRequest
from estimator.drystep.search import Found, Line, Needs, largest_batch
from estimator.errors import InternalError, UserCodeFailed
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


_CAPACITIES_PER_LADDER = 2
"""Half of the round sizes takes about as many runs as this many capacities."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """The largest batch of each capacity, and steps at round batch sizes up to the largest.

    refused: what is to be said of batch sizes that the user's own code does not take.
    """

    trials: tuple[CapacityTrial, ...]
    ladder: tuple[StepMeasurement, ...]
    refused: tuple[str, ...] = ()


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


def explore(
    asked: StepMeasurement,
    run: Run,
    request: DryStepRequest,
    pace: Pace = Pace(),
    begin: Begin = in_turn,
) -> Exploration:
    """For each capacity search the largest batch, then measure round sizes up to the largest.

    ``asked`` is the unconstrained measurement; every ``run`` starts as at a fresh start, so that
    ``begin`` may have a part of them run elsewhere.
    """
    if not request.capacities:
        return Exploration((), ())
    attempts = _Attempts(asked, run, pace)
    needs = attempts.needs()
    if needs is None:
        return replace(fits_or_not(asked, run, request.capacities), refused=attempts.refused)
    lower, upper = _parts(sorted(request.capacities))
    search = partial(_trials, attempts, needs)
    begun = begin(partial(search, lower))
    of_upper = search(upper)
    sizes = round_sizes(of_upper[-1].max_per_device_batch_size) if request.round_batch_sizes else ()
    half = len(sizes) // 2
    measure = partial(_ladder, attempts)
    small = begin(partial(measure, sizes[:half]))
    large = measure(sizes[half:])
    return Exploration(
        (*(begun() or search(lower)), *of_upper),
        (*(small() or measure(sizes[:half])), *large),
        attempts.refused,
    )


def _parts(capacities: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Smaller and larger ones, the latter fewer: the round sizes come with them, and take long."""
    middle = min(len(capacities) - 1, (len(capacities) + _CAPACITIES_PER_LADDER) // 2)
    return capacities[:middle], capacities[middle:]


def _ladder(attempts: _Attempts, sizes: Sequence[int]) -> tuple[StepMeasurement, ...]:
    return tuple(
        attempts.unconstrained(size)
        for size in sizes
        if not attempts.is_late and attempts.takes(size) and attempts.taken.nearest(size) == size
    )


def fits_or_not(asked: StepMeasurement, run: Run, capacities: Sequence[int]) -> Exploration:
    """Whether the asked batch runs on each capacity, where no other can be tried."""
    return Exploration(tuple(_only_trial(asked, run, capacity) for capacity in capacities), ())


def _only_trial(asked: StepMeasurement, run: Run, capacity: int) -> CapacityTrial:
    size = asked.per_device_batch_size
    ran = run(size, asked.allocator.room(capacity))
    return CapacityTrial(
        capacity_bytes=capacity,
        precision=asked.precision,
        max_per_device_batch_size=0 if ran is None else size,
        next_failing_batch_size=size
        if ran is None
        else Missing(sentence("no other batch size could be tried")),
        measurement=ran or Missing(sentence("not even one sample fits")),
    )


def round_sizes(largest: int) -> tuple[int, ...]:
    """Powers of two up to ``largest``: the seven largest, what people would choose among."""
    powers = [1 << exponent for exponent in range(largest.bit_length())]
    return tuple(powers[-7:])


def _trials(
    attempts: _Attempts, needs: Needs, capacities: Sequence[int]
) -> tuple[CapacityTrial, ...]:
    return tuple(_searched(attempts, needs, capacities))


def _searched(
    attempts: _Attempts, needs: Needs, capacities: Sequence[int]
) -> Iterator[CapacityTrial]:
    position = FIRST_POSITION
    for capacity in capacities:
        if attempts.is_late:
            yield _extrapolated(attempts, needs, capacity)
            continue
        room = attempts.allocator.room(capacity)
        found = largest_batch(
            partial(attempts.runs, capacity=room),
            needs,
            room,
            attempts.limit,
            position,
        )
        if 0 < found.largest < attempts.limit:
            position = found.position
        largest = attempts.taken.nearest(found.largest)
        yield CapacityTrial(
            capacity_bytes=capacity,
            precision=attempts.precision,
            max_per_device_batch_size=largest,
            next_failing_batch_size=_failing(found, attempts),
            measurement=attempts.measurement(largest, room),
        )


def _extrapolated(attempts: _Attempts, needs: Needs, capacity: int) -> CapacityTrial:
    why = Missing(sentence("extrapolated from smaller runs, because each run takes long"))
    return CapacityTrial(
        capacity_bytes=capacity,
        precision=attempts.precision,
        max_per_device_batch_size=needs.reserved.batch_for(
            attempts.allocator.room(capacity), attempts.limit
        ),
        next_failing_batch_size=why,
        measurement=why,
    )


def _failing(found: Found, attempts: _Attempts) -> int | Missing:
    if isinstance(found.failing, Missing):
        return Missing(
            sentence("{what}: {why}", what=found.failing.reason, why=attempts.why_limited)
        )
    return attempts.taken.nearest(found.failing) or found.failing


class _Attempts:
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

    def takes(self, batch_size: int) -> bool:
        """Whether the batch size runs with room to spare; InternalError where there is none."""
        if self.runs(batch_size, virtual.BOUNDLESS):
            return True
        if not self.taken.why:
            raise InternalError("the virtual GPU without a limit has run out of memory")
        return False

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
        if not self.takes(batch_size):
            return None
        return self.unconstrained(batch_size), self._pace.clock() - started

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

    def unconstrained(self, batch_size: int) -> StepMeasurement:
        """The step at the batch size, one that is taken, with room to spare; run once."""
        if not self.takes(batch_size):
            raise InternalError("a batch size is measured that the user's code does not take")
        return self._ran[self.taken.nearest(batch_size), virtual.BOUNDLESS]

    def measurement(self, batch_size: int, capacity: int) -> StepMeasurement | Missing:
        if batch_size == 0:
            return Missing(sentence("not even one sample fits"))
        return self._ran[batch_size, capacity]
