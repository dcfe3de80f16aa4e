"""The kinds of rank of a job on many GPUs: which ranks have to run, and whom each stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from estimator.drystep.cluster import CollectiveUse, RankSeen, Topology
from estimator.drystep.measurement import KernelUse, RankClass, StepMeasurement
from estimator.drystep.phase import Phase
from estimator.errors import InternalError
from estimator.messages import sentence

SAME = 0.001
"""Ranks whose memory differs by no more than this share are of one kind."""


@dataclass(frozen=True, slots=True)
class RanRank:
    """A rank that ran alone. parameters: elements that it holds."""

    seen: RankSeen
    measurement: StepMeasurement
    parameters: int

    @property
    def stage(self) -> int:
        """Its stage of the pipeline, from 0."""
        return self.seen.topology.place(self.seen.rank).get("pipe", 0)


def still_to_run(ran: Sequence[RanRank], *, last: bool) -> tuple[int, ...]:
    """Ranks to run behind those that ran, any of them beside each other; none when all is known.

    The first rank of every pipeline stage in turn, each on what those before it have sent; then of
    each stage the rank with the largest share of the optimizer's state, where shares differ, and
    with ``last`` the last one of the job.
    """
    layout = ran[0].seen.topology
    firsts = _first_of_each_stage(ran)
    if len(firsts) < layout.degree("pipe"):
        return (layout.rank_at({"pipe": len(firsts)}),)
    wanted = dict.fromkeys(rank for first in firsts for rank in _largest_share(first))
    if last:
        wanted[layout.world_size - 1] = None
    known = {one.seen.rank for one in ran}
    return tuple(rank for rank in wanted if rank not in known)


def mail_to(rank: int, senders: Iterable[RankSeen]) -> tuple[str, ...]:
    """What the senders have sent to a rank."""
    return tuple(letter.text for sender in senders for letter in sender.mail if letter.to == rank)


def rank_classes(ran: Sequence[RanRank]) -> tuple[RankClass, ...]:
    """Every kind of rank with its members, the one that takes the most first."""
    classes: list[RankClass] = []
    for first in _first_of_each_stage(ran):
        kinds = [first]
        for other in ran:
            if other.stage == first.stage and all(_differ(other, kind) for kind in kinds):
                kinds.append(other)
        members = _members(kinds)
        classes += [_class(kind, members[n]) for n, kind in enumerate(kinds)]
    return tuple(sorted(classes, key=lambda c: -c.measurement.peak_reserved_bytes))


Ran = TypeVar("Ran", RanRank, RankClass)


def with_micro_batches(one: Ran, wanted: int) -> Ran:
    """The rank with so many micro-batches before each update, a multiple of those that ran."""
    times, rest = divmod(wanted, one.seen.micro_batches)
    if rest:
        raise InternalError(f"{wanted} micro-batches are no multiple of {one.seen.micro_batches}")
    kernels = tuple(replace(use, count=_count(use, times)) for use in one.measurement.kernels)
    uses = tuple(replace(use, count=_count(use, times)) for use in one.seen.collectives)
    samples = one.seen.samples * times
    seen = replace(one.seen, collectives=uses, samples=samples, micro_batches=wanted)
    return replace(one, measurement=replace(one.measurement, kernels=kernels), seen=seen)


def _count(use: KernelUse | CollectiveUse, times: int) -> int:
    return use.count * (1 if use.phase is Phase.OPTIMIZER else times)


def _first_of_each_stage(ran: Sequence[RanRank]) -> list[RanRank]:
    """The first of each stage that ran."""
    firsts: dict[int, RanRank] = {}
    for one in ran:
        firsts.setdefault(one.stage, one)
    return [firsts[stage] for stage in sorted(firsts)]


def _largest_share(first: RanRank) -> tuple[int, ...]:
    shares = first.seen.shares
    if not shares or max(shares) <= shares[0] * (1 + SAME):
        return ()
    places = {"pipe": first.stage, "sharding": shares.index(max(shares))}
    return (first.seen.topology.rank_at(places),)


def _differ(one: RanRank, other: RanRank) -> bool:
    mine, theirs = one.measurement.taken_bytes, other.measurement.taken_bytes
    return abs(mine - theirs) > SAME * theirs


def _members(kinds: Sequence[RanRank]) -> tuple[tuple[int, ...], ...]:
    """The ranks of a stage by kind: by their share of the optimizer's state where that is known,
    else those that have not run count as the last kind.
    """
    layout, shares = kinds[0].seen.topology, kinds[0].seen.shares
    members: list[list[int]] = [[] for _ in kinds]
    ran = {kind.seen.rank: number for number, kind in enumerate(kinds)}
    for rank in range(layout.world_size):
        place = layout.place(rank)
        if place.get("pipe", 0) != kinds[0].stage:
            continue
        number = ran.get(rank, len(kinds) - 1)
        if rank not in ran and shares:
            mine = shares[place.get("sharding", 0) % len(shares)]
            number = min(
                range(len(kinds)), key=lambda n: abs(_own_share(layout, kinds[n], shares) - mine)
            )
        members[number].append(rank)
    return tuple(map(tuple, members))


def _own_share(layout: Topology, kind: RanRank, shares: Sequence[int]) -> int:
    return shares[layout.place(kind.seen.rank).get("sharding", 0) % len(shares)]


def _class(kind: RanRank, members: tuple[int, ...]) -> RankClass:
    rank = kind.seen.rank
    if kind.seen.topology.degree("pipe") > 1:
        name = sentence("pipeline stage {stage}, rank {rank}", stage=kind.stage, rank=rank)
    else:
        name = sentence("rank {rank}", rank=rank)
    return RankClass(
        name=name,
        ranks=members,
        parameters=kind.parameters,
        measurement=kind.measurement,
        seen=kind.seen,
    )
