"""From the memory events of a CPU step to the peak a GPU allocator would see.

Paddle's CPU kernels ask the same allocator for scratch that cuDNN never asks for (im2col
buffers of a convolution, gates of an RNN, the lattice of CTC). Such an allocation is born and
released inside one kernel launch, which is how :func:`timeline_of` knows and drops it. What
Paddle keeps on the host beside a GPU (Adam's running powers of beta) is dropped too. The CPU
allocator counts bytes as asked, while the allocator of a GPU hands out multiples of 256.

Pure: no Paddle here. ``child/cpu.py`` records the events.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from estimator.drystep.measurement import MemoryBreakdown, Phase

DEVICE_ALIGNMENT = 256
"""Bytes a GPU allocation is a multiple of: Paddle's auto-growth allocator aligns to
``GpuMinChunkSize`` (paddle/phi/backends/gpu/gpu_info.cc)."""


class Kind(StrEnum):
    """What an allocation holds; the fields of :class:`MemoryBreakdown`."""

    PARAMETERS = "parameters"
    BUFFERS = "buffers"
    GRADIENTS = "gradients"
    OPTIMIZER_STATE = "optimizer_state"
    ACTIVATIONS = "activations"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class MemoryEvent:
    """An allocation (``size`` > 0) or a release (``size`` < 0), in bytes as asked.

    ``launch`` numbers the kernel launch it happened in, None outside of every kernel.
    """

    address: int
    size: int
    launch: int | None
    kernel: str
    phase: Phase


@dataclass(frozen=True, slots=True)
class Ownership:
    """Addresses of tensors known to be of a kind just before event number ``moment``.

    None is the kind of tensors that Paddle keeps in host memory when it trains on a GPU.
    """

    kind: Kind | None
    moment: int
    addresses: Collection[int]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """All memory events of a process; those from ``first`` to ``last - 1`` are the step's."""

    events: Sequence[MemoryEvent]
    first: int
    last: int
    owners: Sequence[Ownership] = ()


@dataclass(frozen=True, slots=True)
class Allocation:
    """One allocation: events ``born`` and ``died`` are its first and last.

    What is never released dies at the number of events. ``scratch`` says that it was born and
    released inside one kernel launch.
    """

    address: int
    size: int
    born: int
    died: int
    kernel: str
    phase: Phase
    scratch: bool


@dataclass(frozen=True, slots=True)
class Lifetime:
    """An allocation of a step: live at the moments ``born <= moment < died``."""

    size: int
    born: int
    died: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class StepTimeline:
    """What is live when, during one step. Moment 0 is before the step's first event.

    ``phases`` holds the phase of every moment; what outlives the step dies at their number.
    """

    lifetimes: tuple[Lifetime, ...]
    phases: tuple[Phase, ...]


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes live at once in a step, where that was, and what they held."""

    bytes: int
    phase: Phase
    breakdown: MemoryBreakdown


def allocations_of(events: Sequence[MemoryEvent]) -> tuple[Allocation, ...]:
    """The allocations in the order they were made.

    A release of an address that was never seen belongs to an allocation from before the record
    and is left out.
    """
    open_at: dict[int, int] = {}
    deaths: dict[int, int] = {}
    for moment, event in enumerate(events):
        if event.size > 0:
            open_at[event.address] = moment
        elif event.size < 0 and event.address in open_at:
            deaths[open_at.pop(event.address)] = moment
    return tuple(
        _allocation(events, born, deaths.get(born))
        for born, event in enumerate(events)
        if event.size > 0
    )


def _allocation(events: Sequence[MemoryEvent], born: int, died: int | None) -> Allocation:
    event = events[born]
    scratch = died is not None and event.launch is not None and events[died].launch == event.launch
    end = len(events) if died is None else died
    return Allocation(event.address, event.size, born, end, event.kernel, event.phase, scratch)


def timeline_of(record: StepRecord, *, everything: bool = False) -> StepTimeline:
    """The timeline of a step, without what a GPU would not hold unless ``everything`` is asked.

    Moments are counted over the events that remain, so that two runs of one program give the
    same moments even where a CPU kernel chose another algorithm.
    """
    allocations = allocations_of(record.events)
    kinds = _kinds(allocations, record)
    kept = [a for a in allocations if everything or not (a.scratch or kinds[a.born] is None)]
    seen = {moment for a in kept for moment in (a.born, a.died)}
    moments = [m for m in range(record.first, record.last) if m in seen]

    def at(moment: int) -> int:
        return len(moments) + 1 if moment >= record.last else bisect_right(moments, moment)

    lifetimes = (
        Lifetime(a.size, at(a.born), at(a.died), kinds[a.born] or Kind.TEMPORARY) for a in kept
    )
    return StepTimeline(
        tuple(life for life in lifetimes if life.born < life.died),
        (Phase.FORWARD, *(record.events[m].phase for m in moments)),
    )


def peak_of(timeline: StepTimeline, *, alignment: int = DEVICE_ALIGNMENT) -> Peak:
    """The peak of a timeline, each allocation rounded up to ``alignment`` bytes.

    An alignment of 1 gives what ``host_memory_stat_peak_value("Allocated")`` counts.
    """
    change = [0] * (len(timeline.phases) + 1)
    for life in timeline.lifetimes:
        change[life.born] += aligned(life.size, alignment)
        change[life.died] -= aligned(life.size, alignment)
    live = list(accumulate(change[:-1]))
    moment = max(range(len(live)), key=live.__getitem__)
    held = Counter[Kind]()
    for life in timeline.lifetimes:
        if life.born <= moment < life.died:
            held[life.kind] += aligned(life.size, alignment)
    breakdown = MemoryBreakdown(**{kind.value: held[kind] for kind in Kind})
    return Peak(live[moment], timeline.phases[moment], breakdown)


def scratch_by_kernel(record: StepRecord) -> dict[str, int]:
    """The most scratch bytes one launch of each kernel held in the step, largest first."""
    launches = Counter[tuple[str, int | None]]()
    for a in allocations_of(record.events):
        if a.scratch and record.first <= a.born < record.last:
            launches[a.kernel, record.events[a.born].launch] += a.size
    most: dict[str, int] = {}
    for (kernel, _), size in launches.most_common():
        most.setdefault(kernel, size)
    return most


def aligned(size: int, alignment: int) -> int:
    """``size`` rounded up to a multiple of ``alignment``."""
    return -(-size // alignment) * alignment


def _kinds(allocations: Sequence[Allocation], record: StepRecord) -> dict[int, Kind | None]:
    """The kind of each allocation by its birth; the first owner that claims it wins."""
    kinds: dict[int, Kind | None] = {}
    for owner in record.owners:
        live = [a for a in allocations if a.born < owner.moment <= a.died]
        live.sort(key=lambda a: a.address)
        starts = [a.address for a in live]
        for address in owner.addresses:
            position = bisect_right(starts, address) - 1
            if position >= 0 and address < live[position].address + live[position].size:
                kinds.setdefault(live[position].born, owner.kind)
    for a in allocations:
        made_by_forward = a.born >= record.first and a.phase is Phase.FORWARD
        kinds.setdefault(a.born, Kind.ACTIVATIONS if made_by_forward else Kind.TEMPORARY)
    return kinds
