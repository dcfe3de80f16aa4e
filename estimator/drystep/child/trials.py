"""The largest per-device batch size that really runs on a device of a given capacity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from estimator.drystep.child.attempts import USUAL_PACE, Attempts, Pace, Run
from estimator.drystep.child.beside import Begin, in_turn
from estimator.drystep.measurement import CapacityTrial, StepMeasurement
from estimator.drystep.request import DryStepRequest
from estimator.drystep.search import Found, Needs, largest_batch
from estimator.messages import sentence
from estimator.values import Missing

FIRST_POSITION = 0.8
"""Where the largest batch stood between the lines of :class:`Needs` in ResNet-50 and others."""


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


def explore(
    asked: StepMeasurement,
    run: Run,
    request: DryStepRequest,
    pace: Pace = USUAL_PACE,
    begin: Begin = in_turn,
) -> Exploration:
    """For each capacity search the largest batch, then measure round sizes up to the largest.

    ``asked`` is the unconstrained measurement; every ``run`` starts as at a fresh start, so that
    ``begin`` may have a part of them run elsewhere.
    """
    if not request.capacities:
        return Exploration((), ())
    attempts = Attempts(asked, run, pace)
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


def _ladder(attempts: Attempts, sizes: Sequence[int]) -> tuple[StepMeasurement, ...]:
    ran = ((size, attempts.unconstrained(size)) for size in sizes if not attempts.is_late)
    return tuple(one for size, one in ran if one and attempts.taken.nearest(size) == size)


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
    attempts: Attempts, needs: Needs, capacities: Sequence[int]
) -> tuple[CapacityTrial, ...]:
    return tuple(_searched(attempts, needs, capacities))


def _searched(
    attempts: Attempts, needs: Needs, capacities: Sequence[int]
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


def _extrapolated(attempts: Attempts, needs: Needs, capacity: int) -> CapacityTrial:
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


def _failing(found: Found, attempts: Attempts) -> int | Missing:
    if isinstance(found.failing, Missing):
        return Missing(
            sentence("{what}: {why}", what=found.failing.reason, why=attempts.why_limited)
        )
    return attempts.taken.nearest(found.failing) or found.failing
