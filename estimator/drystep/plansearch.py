"""Which plans of a space are run, and which are left out because others tell of them.

What takes memory is taken to be monotone: of plans at one precision, one takes no less than another
where its batch is no smaller, its strategy does no more to save memory, and its GPUs, among which
something is split, are no more. What takes time is too: a strategy that does more to save memory is
no faster on as many GPUs, unless it makes room for a larger batch. A plan is left out where that is
so on every kind of device, and where its share of what the model takes on one GPU does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from estimator.drystep.measurement import (
    PlanPoint,
    PlanRun,
    PlansSeen,
    RankClass,
    StepMeasurement,
)
from estimator.drystep.request import PlanSpace
from estimator.drystep.strategy import DATA_PARALLEL, PARAMETERS, PLAIN, Strategy
from estimator.values import Missing
from estimator.workload.types import Workload

SMALLER_FROM = 4
"""A batch is smaller than needed where this many times as much fits."""


class LeftOut(StrEnum):
    """Why a plan is not run; as in :class:`PlansSeen`."""

    TOO_LARGE = "too_large"
    SLOWER = "slower"
    SMALLER = "smaller"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class OneGpu:
    """What the model takes on one GPU, by which no plan on several takes less than its share.

    asked: its step as the ``workload`` says.
    """

    asked: StepMeasurement
    workload: Workload

    def floor(self, point: PlanPoint) -> int:
        """Bytes that the rank with the most takes at least: no split is better than an even one,
        and what the forward pass keeps grows with the batch. 0 where the run tells nothing.
        """
        if point.precision != self.asked.precision:
            return 0
        parts, stage = self.asked.breakdown, point.strategy.sharding_stage
        split = point.strategy.split
        parameters = parts.parameters // (point.shares if stage == PARAMETERS else split)
        state = parts.optimizer_state // (point.shares if stage != DATA_PARALLEL else split)
        return parameters + state + self._activations(point) // split

    def _activations(self, point: PlanPoint) -> int:
        """Of all GPUs that hold a copy; a pipeline may have those of a single micro-batch."""
        strategy = point.strategy
        if strategy.recompute > self.workload.recompute:
            return 0
        own = self.asked.per_device_batch_size
        batch = min(point.per_device_batch_size, own)
        if strategy.pipeline_parallel_degree > 1:
            batch //= strategy.micro_batches(batch, self.workload.accumulate)
        return self.asked.breakdown.activations * batch // own


@dataclass(slots=True)
class PlanSearch:
    """The state of a search: what was run, what is running, what was left out.

    first_batch: where the search begins, if any batch will do, up to ``largest_batch``.
    """

    space: PlanSpace
    one_gpu: OneGpu
    first_batch: int
    largest_batch: int
    runs: dict[PlanPoint, PlanRun] = field(default_factory=dict)
    running: set[PlanPoint] = field(default_factory=set)
    left_out: dict[PlanPoint, LeftOut] = field(default_factory=dict)

    def next(self) -> PlanPoint | None:
        """The next plan to run; None where nothing can be decided before what runs has ended, or
        nothing is open.
        """
        for point in self._open():
            why = self._why_not(point)
            if why is not None:
                self.left_out[point] = why
            elif not self._waits(point):
                self.running.add(point)
                return point
        return None

    def learn(self, run: PlanRun) -> None:
        """A plan has been run."""
        self.running.discard(run.point)
        self.runs[run.point] = run

    def seen(self) -> PlansSeen:
        """The report. What is neither run nor left out by a rule was not reached."""
        why = list(self.left_out.values())
        return PlansSeen(
            runs=tuple(self.runs.values()),
            too_large=why.count(LeftOut.TOO_LARGE),
            slower=why.count(LeftOut.SLOWER),
            smaller=why.count(LeftOut.SMALLER),
            failing=why.count(LeftOut.FAILING),
            not_reached=sum(1 for point in self._open() if point not in self.running),
        )

    def _open(self) -> Iterator[PlanPoint]:
        for point in self._points():
            if not any(point in known for known in (self.runs, self.running, self.left_out)):
                yield point

    def _points(self) -> Iterator[PlanPoint]:
        """All, in the order in which they tell the most of others: the user's own precision, many
        GPUs and what saves the most memory first; then the fastest.
        """
        for precision in self.space.precisions:
            for batch in self._batches():
                for count in sorted(self.space.gpu_counts, reverse=True):
                    for strategy in self._strategies(count, batch):
                        yield PlanPoint(count, precision, batch, strategy)

    def _strategies(self, count: int, batch: int) -> Iterator[Strategy]:
        nodes = [nodes for gpus, nodes in self.space.nodes if gpus == count]
        suitable = [
            strategy
            for strategy in self.space.strategies
            if strategy.suits(count)
            and strategy.pipeline_parallel_degree <= batch
            and strategy.sharding_groups in (1, *nodes)
        ]
        for _, alike in groupby(suitable, lambda strategy: strategy.split_alone):
            *faster, last = alike
            yield from (last, *faster)

    def _batches(self) -> tuple[int, ...]:
        """The asked one, or powers of two from the first one up, and then down."""
        if self.space.batch_size is not None:
            return (self.space.batch_size,)
        first = 1 << max(0, self.first_batch.bit_length() - 1)
        powers = [1 << n for n in range(max(first, self.largest_batch).bit_length())]
        return (*(p for p in powers if p >= first), *(p for p in reversed(powers) if p < first))

    def _waits(self, point: PlanPoint) -> bool:
        """Whether what runs now may tell that this one need not."""
        return any(
            takes_no_more(other, point) or _is_better(other, point) for other in self.running
        )

    def _why_not(self, point: PlanPoint) -> LeftOut | None:
        """Why the point need not be run: on each kind of device something else tells of it."""
        floor = self.one_gpu.floor(point)
        room = self.one_gpu.asked.allocator.room
        open_ = {capacity for capacity in self.space.capacities if floor <= room(capacity)}
        if self.space.capacities and not open_:
            return LeftOut.TOO_LARGE
        for other, run in self.runs.items():
            if other.precision != point.precision:
                continue
            if isinstance(run.measurement, Missing):
                if _fails_alike(other, point):
                    return LeftOut.FAILING
                continue
            fits = {capacity for capacity in open_ if fits_on(run, capacity)}
            for why, told in (
                (LeftOut.TOO_LARGE, open_ - fits if takes_no_more(other, point) else ()),
                (LeftOut.SLOWER, fits if _is_better(other, point) else ()),
                (LeftOut.SMALLER, fits if _is_much_larger(other, point) else ()),
            ):
                open_ -= set(told)
                if told and not open_:
                    return why
        return None


def fits_on(run: PlanRun, capacity: int) -> bool:
    """Whether a plan that was run fits on a device whose allocator may take so many bytes."""
    if isinstance(run.measurement, Missing):
        return False
    room = run.measurement.allocator.room(capacity)
    return run.measurement.peak_reserved_bytes <= room or capacity in run.squeezed


def takes_no_more(one: PlanPoint, other: PlanPoint) -> bool:
    """Whether ``one`` takes no more memory than ``other``."""
    alike = other.strategy.sharding_stage == DATA_PARALLEL  # on however many GPUs
    return (
        one.precision == other.precision
        and one.per_device_batch_size <= other.per_device_batch_size
        and (alike or one.shares >= other.shares)
        and other.strategy.does_no_more_than(one.strategy)
    )


def _fails_alike(failed: PlanPoint, other: PlanPoint) -> bool:
    """Whether the other will fail as this one did. A smaller batch may not. Where a model that is
    split fails by itself, it does so as well with whatever else is done to save memory.
    """
    of_strategy = failed.strategy == other.strategy
    of_degree = PLAIN != failed.strategy == other.strategy.split_alone
    return (
        (of_strategy or of_degree)
        and failed.precision == other.precision
        and failed.per_device_batch_size <= other.per_device_batch_size
    )


def _is_better(one: PlanPoint, other: PlanPoint) -> bool:
    """Whether ``one`` is no slower on as many GPUs, as far as it fits: by a strategy that does no
    more to save memory, at a batch that is no smaller.
    """
    same = (one.gpu_count, one.precision) == (other.gpu_count, other.precision)
    return (
        same
        and one.per_device_batch_size >= other.per_device_batch_size
        and one.strategy != other.strategy
        and one.strategy.does_no_more_than(other.strategy)
    )


def _is_much_larger(one: PlanPoint, other: PlanPoint) -> bool:
    same = (one.gpu_count, one.precision, one.strategy) == (
        other.gpu_count,
        other.precision,
        other.strategy,
    )
    return same and one.per_device_batch_size >= SMALLER_FROM * other.per_device_batch_size


def may_be_squeezed(run: PlanRun, space: PlanSpace) -> tuple[tuple[int, RankClass], ...]:
    """Capacities on which only runs tell whether it fits, each with the ranks to run."""
    if isinstance(run.ranks, Missing):
        return ()
    least = max(one.measurement.peak_allocated_bytes for one in run.ranks)
    return tuple(
        (capacity, one)
        for capacity in sorted(space.capacities)
        for one in run.ranks
        if least <= one.measurement.allocator.room(capacity) < one.measurement.peak_reserved_bytes
    )
