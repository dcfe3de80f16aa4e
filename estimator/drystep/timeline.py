"""What device memory holds over a training step, by kind, from the lives of its blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

from estimator.drystep.measurement import MemoryBreakdown, Phase, Timeline

MOST_MOMENTS = 400
"""Moments that a timeline keeps: as many as a picture can show."""

KINDS = tuple(field.name for field in fields(MemoryBreakdown))


@dataclass(frozen=True, slots=True)
class BlockLife:
    """A block that a kernel made; live at the launches ``born <= n < died`` (born -1: before)."""

    address: int
    bytes: int
    phase: Phase
    is_gradient: bool
    born: int
    died: int


@dataclass(frozen=True, slots=True)
class FollowedStep:
    """Allocated bytes right after each launch of a step, its phase, and the blocks' lives."""

    allocated: tuple[int, ...]
    phases: tuple[Phase, ...]
    lives: tuple[BlockLife, ...]


def timeline_of(step: FollowedStep, lasting: Mapping[str, Mapping[int, int]]) -> Timeline:
    """Split what was allocated after each launch by the rules of the breakdown at the peak.

    ``lasting``: bytes by address of what lives through the whole step, by kind; a block counts for
    the first kind that has its address. Of many launches in a row the one with the most is kept.
    """
    by_kind = _bytes_by_kind(step, lasting)
    kept = tuple(_kept(step.allocated))
    return Timeline(
        launch_count=len(step.allocated),
        launches=kept,
        parts=tuple(step.phases[moment] for moment in kept),
        bytes_by_kind={kind: tuple(by_kind[kind][moment] for moment in kept) for kind in KINDS},
    )


def _bytes_by_kind(
    step: FollowedStep, lasting: Mapping[str, Mapping[int, int]]
) -> dict[str, list[int]]:
    count = len(step.allocated)
    change = {kind: [0] * (count + 1) for kind in KINDS}
    counted: set[int] = set()
    for kind, blocks in lasting.items():
        change[kind][0] += sum(size for at, size in blocks.items() if at not in counted)
        counted |= blocks.keys()
    for life in step.lives:
        made = _kind(life)
        if made is not None and life.address not in counted:
            change[made][max(life.born, 0)] += life.bytes
            change[made][min(life.died, count)] -= life.bytes
    held = {kind: list(accumulate(change[kind][:count])) for kind in KINDS}
    for moment, allocated in enumerate(step.allocated):
        rest = allocated - sum(held[kind][moment] for kind in KINDS)
        held["temporary"][moment] = max(rest, 0)
        held["activations"][moment] += min(rest, 0)
    return held


def _kind(life: BlockLife) -> str | None:
    """None for what is temporary, which is all that is not of another kind."""
    if life.is_gradient:
        return "gradients"
    return "activations" if life.phase is Phase.FORWARD else None


def _kept(allocated: Sequence[int]) -> Iterator[int]:
    count = len(allocated)
    buckets = min(count, MOST_MOMENTS)
    for bucket in range(buckets):
        moments = range(bucket * count // buckets, (bucket + 1) * count // buckets)
        yield max(moments, key=allocated.__getitem__)
