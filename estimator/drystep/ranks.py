"""A job on many GPUs, run rank by rank: each kind of rank alone, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from estimator.drystep.cluster import RankSeen, Topology, VirtualRank
from estimator.drystep.launch import OnProgress, RunDryStep, run_dry_step
from estimator.drystep.measurement import (
    CapacityTrial,
    DryStepReport,
    StepMeasurement,
)
from estimator.drystep.rank_kinds import RanRank, mail_to, rank_classes, still_to_run
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import EstimatorError, InternalError
from estimator.messages import sentence
from estimator.values import Missing

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
    reports = [runs.run(0, ())]
    while ranks := still_to_run([_ran(one) for one in reports], last=True):
        reports += runs.run_all(ranks, reports)
    largest = max(reports, key=_taken)
    numbers = tuple(sorted(_seen(one).rank for one in reports))
    report = runs.trials(largest)
    return replace(
        report,
        ranks=rank_classes([_ran(one) for one in reports]),
        assumptions=(*_told(largest, numbers), *report.assumptions),
        loader=reports[0].loader,
    )


def _ran(report: DryStepReport) -> RanRank:
    return RanRank(_seen(report), report.measurements[0], report.model.parameters)


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
        self, ranks: Sequence[int], ran: Sequence[DryStepReport]
    ) -> tuple[DryStepReport, ...]:
        """Further ranks, a few at once: on what was sent to the first one of their stage."""
        layout = _layout(ran[0])

        def run(rank: int) -> DryStepReport:
            first = layout.rank_at({"pipe": layout.place(rank).get("pipe", 0)})
            known = self._mail.get(first)
            return self.run(rank, mail_to(first, map(_seen, ran)) if known is None else known)

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
