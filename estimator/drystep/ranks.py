"""A job on many GPUs, run rank by rank: each kind of rank alone, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from estimator.drystep.cluster import RankSeen, Topology, VirtualRank
from estimator.drystep.launch import OnProgress, RunDryStep, run_dry_step
from estimator.drystep.measurement import (
    CapacityTrial,
    DryStepReport,
    RankClass,
    StepMeasurement,
)
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import EstimatorError, InternalError
from estimator.messages import sentence
from estimator.values import Missing

SAME = 0.001
"""Ranks whose memory differs by no more than this share are of one kind."""

AT_ONCE = 2
"""Ranks that run at the same time, where none needs what another says."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The machines of a job: ``nodes`` with ``gpus_per_node`` GPUs each."""

    gpus_per_node: int
    nodes: int = 1

    @property
    def world_size(self) -> int:
        return self.gpus_per_node * self.nodes


def run_ranks(
    request: DryStepRequest,
    cluster: Cluster,
    limits: Limits,
    on_progress: OnProgress = lambda _: None,
    run_one: RunDryStep = run_dry_step,
) -> DryStepReport:
    """The report of the kind of rank that takes the most memory, with all kinds in ``ranks``.

    Rank 0 says how the ranks are laid out. Then the first rank of every pipeline stage runs, each
    on what the stage before it has sent; of each stage the rank with the largest share of the
    optimizer's state, where shares differ; and the last rank. Raises what the runs raise, with the
    number of the rank.
    """
    runs = _Runs(request, cluster, limits, on_progress, run_one)
    first = runs.run(0, ())
    layout = _layout(first)
    firsts = [first]
    for stage in range(1, layout.degree("pipe")):
        rank = layout.rank_at({"pipe": stage})
        firsts.append(runs.run(rank, mail_to(rank, firsts)))
    others = runs.run_all(_others(layout, firsts), firsts)
    classes = _classes(layout, firsts, others)
    largest = max((*firsts, *others), key=_taken)
    ran = tuple(sorted(_seen(one).rank for one in (*firsts, *others)))
    report = runs.trials(largest)
    told = (*_told(largest, ran), *report.assumptions)
    return replace(report, ranks=classes, assumptions=told, loader=first.loader)


def mail_to(rank: int, senders: Iterable[DryStepReport]) -> tuple[str, ...]:
    """What the senders have sent to a rank."""
    return tuple(m.text for sender in senders for m in _seen(sender).mail if m.to == rank)


class _Runs:
    def __init__(
        self,
        request: DryStepRequest,
        cluster: Cluster,
        limits: Limits,
        on_progress: OnProgress,
        run_one: RunDryStep,
    ) -> None:
        self._request = request
        self._cluster = cluster
        self._limits = limits
        self._on_progress = on_progress
        self._run_one = run_one
        self._mail: dict[int, tuple[str, ...]] = {}

    def run(
        self, rank: int, mail: tuple[str, ...], capacities: tuple[int, ...] = ()
    ) -> DryStepReport:
        """Run one rank; only with ``capacities`` it also looks for what fits."""
        self._mail[rank] = mail
        alone = VirtualRank(rank, self._cluster.gpus_per_node, self._cluster.nodes)
        request = replace(
            self._request,
            rank=alone,
            mail=mail,
            capacities=capacities,
            environment={**self._request.environment, **alone.environment()},
        )
        try:
            return self._run_one(request, self._limits, self._progress(alone))
        except EstimatorError as error:
            raise _of_rank(error, alone) from error

    def run_all(
        self, ranks: Sequence[int], firsts: Sequence[DryStepReport]
    ) -> tuple[DryStepReport, ...]:
        """Further ranks of stages of which the first has run, a few at once."""
        layout = _layout(firsts[0])

        def run(rank: int) -> DryStepReport:
            first = layout.rank_at({"pipe": layout.place(rank).get("pipe", 0)})
            return self.run(rank, self._mail[first])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            return tuple(pool.map(run, ranks))

    def trials(self, largest: DryStepReport) -> DryStepReport:
        """The report with a trial for each capacity; those that are certain are not run."""
        asked, capacities = largest.measurements[0], self._request.capacities
        certain = {capacity: _certain(asked, capacity) for capacity in capacities}
        script = self._request.workload.script
        if script is not None and script.batch_argument:
            certain = dict.fromkeys(capacities)
        open_ = tuple(capacity for capacity, trial in certain.items() if trial is None)
        rank = _seen(largest).rank
        tried = self.run(rank, self._mail[rank], open_) if open_ else largest
        ran = {trial.capacity_bytes: trial for trial in tried.trials}
        return replace(
            largest,
            trials=tuple(certain[capacity] or ran[capacity] for capacity in capacities),
            ladder=tried.ladder,
        )

    def _progress(self, rank: VirtualRank) -> OnProgress:
        return lambda text: self._on_progress(f"rank {rank.rank} of {rank.world_size}: {text}")


def _certain(asked: StepMeasurement, capacity: int) -> CapacityTrial | None:
    """A trial whose end is known without a run; None where only a run can tell."""
    size = asked.per_device_batch_size
    unknown = Missing(sentence("no other batch size could be tried"))
    room = asked.allocator.room(capacity)
    if asked.taken_bytes <= room:
        return CapacityTrial(capacity, asked.precision, size, unknown, asked)
    if asked.peak_allocated_bytes > room:
        none = Missing(sentence("not even one sample fits"))
        return CapacityTrial(capacity, asked.precision, 0, size, none)
    return None


def _of_rank(error: EstimatorError, rank: VirtualRank) -> EstimatorError:
    """The same error, which says on which rank it came, where that is not the first one."""
    if rank.rank:
        error.what = sentence("rank {rank}: {what}", rank=rank.rank, what=error.what)
        error.args = (error.what,)
    return error


def _layout(report: DryStepReport) -> Topology:
    return _seen(report).topology


def _seen(report: DryStepReport) -> RankSeen:
    if report.rank is None:
        raise InternalError("a rank has reported without its place among the others")
    return report.rank


def _taken(report: DryStepReport) -> int:
    return report.measurements[0].taken_bytes


def _others(layout: Topology, firsts: Sequence[DryStepReport]) -> tuple[int, ...]:
    """Ranks that may take more or less than the first one of their pipeline stage."""
    wanted: dict[int, None] = {}
    for stage, first in enumerate(firsts):
        shares = _seen(first).shares
        if shares and max(shares) > shares[0] * (1 + SAME):
            largest = shares.index(max(shares))
            wanted[layout.rank_at({"pipe": stage, "sharding": largest})] = None
    wanted[layout.world_size - 1] = None
    ran = {_seen(first).rank for first in firsts}
    return tuple(rank for rank in wanted if rank not in ran)


def _classes(
    layout: Topology, firsts: Sequence[DryStepReport], others: Sequence[DryStepReport]
) -> tuple[RankClass, ...]:
    """Every kind of rank with its members, the one that takes the most first."""
    classes: list[RankClass] = []
    for stage, first in enumerate(firsts):
        same_stage = [one for one in others if _stage(layout, one) == stage]
        kinds = [first]
        for other in same_stage:
            if all(_differ(other, kind) for kind in kinds):
                kinds.append(other)
        members = _members(layout, stage, kinds)
        classes += [_class(layout, kind, members[n]) for n, kind in enumerate(kinds)]
    return tuple(sorted(classes, key=lambda c: -c.measurement.peak_reserved_bytes))


def _stage(layout: Topology, report: DryStepReport) -> int:
    return layout.place(_seen(report).rank).get("pipe", 0)


def _differ(one: DryStepReport, other: DryStepReport) -> bool:
    mine, theirs = _taken(one), _taken(other)
    return abs(mine - theirs) > SAME * theirs


def _members(
    layout: Topology, stage: int, kinds: Sequence[DryStepReport]
) -> tuple[tuple[int, ...], ...]:
    """The ranks of a stage by kind: by their share of the optimizer's state where that is known,
    else those that have not run count as the last kind.
    """
    members: list[list[int]] = [[] for _ in kinds]
    shares = _seen(kinds[0]).shares
    ran = {_seen(kind).rank: number for number, kind in enumerate(kinds)}
    for rank in range(layout.world_size):
        place = layout.place(rank)
        if place.get("pipe", 0) != stage:
            continue
        number = ran.get(rank, len(kinds) - 1)
        if rank not in ran and shares:
            mine = shares[place.get("sharding", 0) % len(shares)]
            number = min(
                range(len(kinds)), key=lambda n: abs(_own_share(layout, kinds[n], shares) - mine)
            )
        members[number].append(rank)
    return tuple(map(tuple, members))


def _own_share(layout: Topology, kind: DryStepReport, shares: Sequence[int]) -> int:
    return shares[layout.place(_seen(kind).rank).get("sharding", 0) % len(shares)]


def _class(layout: Topology, report: DryStepReport, members: tuple[int, ...]) -> RankClass:
    seen = _seen(report)
    stage = layout.place(seen.rank).get("pipe", 0)
    if layout.degree("pipe") > 1:
        name = sentence("pipeline stage {stage}, rank {rank}", stage=stage, rank=seen.rank)
    else:
        name = sentence("rank {rank}", rank=seen.rank)
    return RankClass(
        name=name,
        ranks=members,
        parameters=report.model.parameters,
        measurement=report.measurements[0],
        seen=seen,
    )


def _told(largest: DryStepReport, ran: tuple[int, ...]) -> tuple[str, str]:
    layout = _layout(largest)
    degrees = " x ".join(f"{name} {degree}" for name, degree in layout.axes if degree > 1)
    return (
        sentence(
            "{world} ranks ({degrees}): each kind ran alone, with collectives that return at once; "
            "the figures are those of rank {rank}, which takes the most",
            world=layout.world_size,
            degrees=degrees,
            rank=_seen(largest).rank,
        ),
        sentence(
            "ranks that were run: {ranks}; the others are taken to equal one of them", ranks=ran
        ),
    )
