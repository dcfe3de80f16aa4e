"""From a step computed on the CPU at small batch sizes to the asked batch size.

Every allocation of a training step has a size that is affine in the batch size, but their sum's
peak is not: with a growing batch the peak moves from the optimizer into the backward pass, and
rounding to 256 bytes weighs less. So each allocation is extrapolated on its own and the step is
replayed. Where the runs did not make the same allocations (the program looked at the batch
size) the peaks themselves are extrapolated.

Pure: no Paddle here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from estimator.drystep.allocator import BY_NEED, AllocatorRule
from estimator.drystep.cpu_trace import (
    DEVICE_ALIGNMENT,
    Kind,
    Peak,
    StepTimeline,
    aligned,
    peak_of,
)
from estimator.drystep.measurement import (
    CapacityTrial,
    ComputedStep,
    Device,
    MemoryBreakdown,
    Precision,
    StepMeasurement,
)
from estimator.errors import InternalError
from estimator.messages import sentence
from estimator.values import Bounded, Missing, Source

DEFAULT_BATCH_SIZES = (2, 4, 6)
"""Two sizes give the line and the third checks it. Not 1: code that squeezes or splits a batch
takes another way there."""

RESERVED_RATIO: Bounded[float] = Bounded(
    1.14,
    1.008,
    2.48,
    Source.PUBLISHED,
    sentence(
        "reserved over allocated in 17 Paddle training logs: median 1.14, range 1.008 to 2.48"
    ),
)


@dataclass(frozen=True, slots=True)
class CpuStep:
    """The second training step at one batch size, as Paddle's CPU device really ran it.

    ``allocator_peak_bytes`` is the host allocator's own statistic; ``timeline`` holds what of it
    a GPU would hold too. ``scratch_bytes`` is the most one launch of a CPU kernel took for
    itself, by kernel. ``batch_bytes`` is the size of inputs and labels. ``kernels``: the names of
    all that the run launched.
    """

    batch_size: int
    batch_bytes: int
    allocator_peak_bytes: int
    timeline: StepTimeline
    scratch_bytes: Mapping[str, int]
    kernels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CpuSteps:
    """Steps of one training at ascending batch sizes. At least one."""

    steps: tuple[CpuStep, ...]

    def __post_init__(self) -> None:
        sizes = [step.batch_size for step in self.steps]
        if not sizes or sizes != sorted(set(sizes)):
            raise ValueError(f"batch sizes must ascend and there must be one at least: {sizes}")


def batch_sizes_for(batch_size: int) -> tuple[int, ...]:
    """The batch sizes to compute: with the asked one itself where that is small."""
    asked = {batch_size} if batch_size <= DEFAULT_BATCH_SIZES[-1] else set[int]()
    return tuple(sorted(asked.union(DEFAULT_BATCH_SIZES)))


def only_the_asked(batch_size: int) -> tuple[int, ...]:
    """Where nothing else is asked about: the batch itself, if it is small enough to compute."""
    small = batch_size <= DEFAULT_BATCH_SIZES[-1]
    return (batch_size,) if small else batch_sizes_for(batch_size)


def measured_peak(step: CpuStep) -> Peak:
    """The peak of a computed step as a GPU's allocator would count it."""
    return peak_of(step.timeline)


def extrapolate(steps: CpuSteps, batch_size: int, rule: AllocatorRule = BY_NEED) -> StepMeasurement:
    """The measurement at ``batch_size`` as a GPU's allocator would give it, by need.

    rule: how it takes memory in the user's own run.

    Allocated excludes scratch of CPU kernels, sizes are multiples of 256 bytes. Reserved is
    allocated times the median of :data:`RESERVED_RATIO`: assumed, see
    :func:`reserved_interval`. The precision is always float32, because automatic mixed
    precision has no effect on Paddle's CPU device. Raises InternalError where one step alone was
    computed and another batch size is asked.
    """
    peak = _peak_at(steps.steps, batch_size)
    return StepMeasurement(
        device=Device.CPU,
        precision=Precision(),
        per_device_batch_size=batch_size,
        peak_allocated_bytes=peak.bytes,
        peak_reserved_bytes=reserved_interval(peak.bytes).target,
        breakdown=peak.breakdown,
        peak_phase=peak.phase,
        kernels=(),
        batch_bytes=_batch_bytes(steps.steps[-1], batch_size),
        step_seconds=Missing(
            sentence(
                "a step on the CPU says nothing about a GPU's time, and its kernels are not "
                "recorded"
            )
        ),
        computed=_computed(steps.steps, batch_size),
        allocator=rule,
    )


def _computed(steps: Sequence[CpuStep], batch_size: int) -> ComputedStep | None:
    for step in steps:
        if step.batch_size == batch_size:
            return ComputedStep(step.allocator_peak_bytes, step.scratch_bytes, sorted(step.kernels))
    return None


def capacity_trial(
    steps: CpuSteps, capacity: int, limit: int, rule: AllocatorRule = BY_NEED
) -> CapacityTrial:
    """The largest batch up to ``limit`` whose extrapolated reserved bytes fit into ``capacity``.

    Extrapolated, not confirmed by a run: the CPU has no capacity to run into.
    """

    def fits(batch_size: int) -> bool:
        return extrapolate(steps, batch_size).peak_reserved_bytes <= rule.room(capacity)

    failing = bisect_left(range(1, limit + 1), True, key=lambda size: not fits(size)) + 1
    largest = failing - 1
    return CapacityTrial(
        capacity_bytes=capacity,
        precision=Precision(),
        max_per_device_batch_size=largest,
        next_failing_batch_size=failing
        if failing <= limit
        else Missing(sentence("no batch above {limit} was tried", limit=limit)),
        measurement=extrapolate(steps, largest, rule)
        if largest
        else Missing(sentence("not even one sample fits")),
    )


def allocated_interval(steps: CpuSteps, batch_size: int) -> Bounded[int]:
    """Peak allocated bytes at ``batch_size``, with an interval from the misfit of the third size.

    The remainder of a line through b1 and b2 is c (b - b1)(b - b2) (Lagrange); the third size
    gives c. Without a third size the interval is unknown and the target stands alone.
    """
    target = _peak_at(steps.steps, batch_size).bytes
    computed = tuple(step.batch_size for step in steps.steps)
    if batch_size in {step.batch_size for step in steps.steps}:
        return Bounded.exact(
            target,
            Source.MEASURED,
            sentence("a step of batch size {batch} was computed on the CPU", batch=batch_size),
        )
    reason = sentence(
        "extrapolated from steps of batch size {computed} computed on the CPU", computed=computed
    )
    if len(steps.steps) < 3:
        return Bounded.exact(
            target, Source.REGRESSED, sentence("{reason}; too few to check the line", reason=reason)
        )
    error = round(abs(_remainder(steps.steps, batch_size)))
    return Bounded(
        target,
        max(0, target - error),
        target + error,
        Source.REGRESSED,
        sentence("{reason}; the line misses by {error} bytes", reason=reason, error=error),
    )


def reserved_interval(allocated: int) -> Bounded[int]:
    """What the allocator holds when ``allocated`` bytes are live at the peak: assumed."""
    ratio = RESERVED_RATIO
    return Bounded(
        round(allocated * ratio.target),
        round(allocated * ratio.lower),
        round(allocated * ratio.upper),
        Source.ASSUMED,
        ratio.reason,
    )


def _batch_bytes(step: CpuStep, batch_size: int) -> int:
    return round(step.batch_bytes * batch_size / step.batch_size)


def _remainder(steps: Sequence[CpuStep], batch_size: int) -> float:
    check, small, big = steps[-3:]
    misfit = measured_peak(check).bytes - _peak_at((small, big), check.batch_size).bytes
    at_check = (check.batch_size - small.batch_size) * (check.batch_size - big.batch_size)
    asked = (batch_size - small.batch_size) * (batch_size - big.batch_size)
    return misfit * asked / at_check


def _peak_at(steps: Sequence[CpuStep], batch_size: int) -> Peak:
    for step in steps:
        if step.batch_size == batch_size:
            return measured_peak(step)
    if len(steps) < 2:
        raise InternalError(f"one computed step gives no line to batch size {batch_size}")
    small, big = steps[-2:]
    share = (batch_size - small.batch_size) / (big.batch_size - small.batch_size)
    if _same_program(small.timeline, big.timeline):
        return peak_of(_between(small.timeline, big.timeline, share))
    return _peak_between(measured_peak(small), measured_peak(big), share)


def _same_program(small: StepTimeline, big: StepTimeline) -> bool:
    """Whether both made the same allocations at the same moments, sizes aside."""

    def shape(timeline: StepTimeline) -> tuple[object, ...]:
        return timeline.phases, [(x.born, x.died, x.kind) for x in timeline.lifetimes]

    return shape(small) == shape(big)


def _between(small: StepTimeline, big: StepTimeline, share: float) -> StepTimeline:
    pairs = zip(small.lifetimes, big.lifetimes, strict=True)
    return replace(
        big, lifetimes=tuple(replace(b, size=_line(a.size, b.size, share)) for a, b in pairs)
    )


def _peak_between(small: Peak, big: Peak, share: float) -> Peak:
    kinds = {
        kind.value: aligned(
            _line(getattr(small.breakdown, kind.value), getattr(big.breakdown, kind.value), share),
            DEVICE_ALIGNMENT,
        )
        for kind in Kind
    }
    breakdown = MemoryBreakdown(**kinds)
    return Peak(breakdown.total, big.phase, breakdown)


def _line(at_zero: int, at_one: int, share: float) -> int:
    return max(0, round(at_zero + (at_one - at_zero) * share))
