"""What the plans that were run on several GPUs say of each GPU type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from estimator.answers import Evidence, Predictor
from estimator.degrees import check_counts, in_words, pinned_degrees
from estimator.drystep.device.choose import ChosenDevice
from estimator.drystep.measurement import (
    Device,
    DryStepReport,
    PlanPoint,
    PlansSeen,
    Precision,
    RankClass,
)
from estimator.drystep.request import PlanSpace
from estimator.drystep.strategy import strategies, with_groups
from estimator.errors import BadInput
from estimator.gpus.types import GpuType
from estimator.memory.estimate import capacity_classes
from estimator.messages import sentence
from estimator.options import EstimateOptions
from estimator.plan.candidates import counts_asked_for, gpus_on_a_node, nodes_for
from estimator.plan.reasons.words import way_in_words
from estimator.plan.types import ClusterAnswer, GpuAnswer, Question
from estimator.throughput.cluster_step import cluster_step
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Missing

PRECISIONS = (Precision(), Precision("O1", "float16"), Precision("O2", "float16"))
"""Run where the user names none."""

TIME_FACTOR = 2
"""How many times the time limit of one question a search may take."""


def seconds_for(options: EstimateOptions) -> float:
    """The time limit of the question, with what a search takes."""
    return options.time_limit_seconds * (TIME_FACTOR if options.search else 1)


def plan_space(
    options: EstimateOptions, gpus: Sequence[GpuType], chosen: ChosenDevice
) -> PlanSpace | None:
    """What to search among; None where nothing is, or no plan on several GPUs is allowed.

    Raises BadInput where a search is asked for and there is no virtual GPU, and for degrees that no
    such plan can have.
    """
    if not options.search:
        return None
    if chosen.device is not Device.VIRTUAL:
        raise BadInput(
            sentence("--search runs on the virtual GPU: {why}", why=chosen.reason or chosen.device),
            where="--search",
            hint="paddle-estimate doctor",
        )
    counts, degrees = _counts(options.question, gpus), pinned_degrees(options)
    each = _gpus_per_node(options.question, gpus, counts)
    check_counts(degrees, counts, each)
    if not counts:
        return None
    own, nodes = options.workload.precision, _nodes(options.question, gpus, counts)
    return PlanSpace(
        gpu_counts=counts,
        precisions=PRECISIONS if own is None else (own,),
        strategies=with_groups(
            strategies(recompute=options.workload.recompute), {each for _, each in nodes}
        ),
        batch_size=options.question.pinned_batch_size,
        capacities=tuple(capacity_classes(gpus, max(counts))),
        gpus_per_node=each,
        nodes=nodes,
        degrees=tuple(degrees.items()),
    )


def _gpus_per_node(question: Question, gpus: Sequence[GpuType], counts: Sequence[int]) -> int:
    each = (gpus_on_a_node(question, gpu, count) for gpu in gpus for count in counts)
    return max(each, default=1)


def _nodes(
    question: Question, gpus: Sequence[GpuType], counts: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """The numbers of GPUs on several nodes, with these: sharding within each, between them only
    gradients go over the network.
    """
    pairs = {(count, nodes_for(question, gpu, count)) for gpu in gpus for count in counts}
    return tuple(sorted((count, nodes) for count, nodes in pairs if nodes > 1))


def _counts(question: Question, gpus: Sequence[GpuType]) -> tuple[int, ...]:
    """The numbers of GPUs that a plan on several may have."""
    counts = {count for gpu in gpus for count in counts_asked_for(question, gpu) if count > 1}
    return tuple(sorted(counts))


def searched_answers(
    evidence: Evidence, gpus: Sequence[GpuType], question: Question
) -> Iterator[GpuAnswer]:
    """Every plan that was run, on each GPU type."""
    plans = evidence.report.plans
    if plans is None or isinstance(plans, Missing):
        return
    predict = Predictor(evidence)
    classes = capacity_classes(gpus, max(_counts(question, gpus)))
    for capacity, members in classes.items():
        for point, ranks in _runs(plans, capacity):
            for gpu in members:
                each = gpus_on_a_node(question, gpu, point.gpu_count)
                if point.strategy.tensor_parallel_degree <= each:
                    yield _answer(predict, gpu, point, _on_nodes(ranks, each))


def _runs(plans: PlansSeen, capacity: int) -> Iterator[tuple[PlanPoint, tuple[RankClass, ...]]]:
    """Plans that could be run, with their kinds of rank on a device of a certain capacity."""
    for run in plans.runs:
        if not isinstance(run.ranks, Missing):
            held = run.squeezed.get(capacity)
            yield run.point, tuple(_squeezed(one, held) for one in run.ranks)


def _squeezed(one: RankClass, held: int | None) -> RankClass:
    reserved = one.measurement.peak_reserved_bytes
    if held is None or reserved <= held:
        return one
    return replace(one, measurement=replace(one.measurement, peak_reserved_bytes=held))


def search_notes(options: EstimateOptions, report: DryStepReport) -> Iterator[str]:
    """How much of the space was run, and why the rest was not; then what could not be run."""
    if isinstance(report.plans, Missing):
        yield report.plans.reason
    elif report.plans is not None:
        degrees = dict(options.question.pinned_degrees)
        if any(degree > 1 for degree in degrees.values()):
            yield sentence(
                "what is said of one GPU is said of the whole model; every plan has {degrees}",
                degrees=in_words(degrees),
            )
        yield from _what_was_searched(report.plans)
    elif options.search:
        yield sentence("nothing was searched: no plan on several GPUs was allowed (--max-gpus)")


def _what_was_searched(plans: PlansSeen) -> Iterator[str]:
    yield sentence(
        "plans on several GPUs: {run} run, {left_out} left out (what takes no more memory does not "
        "fit: {too_large}; what is no slower fits: {slower}; four times the batch fits: "
        "{smaller}; cannot be run: {failing}; not reached in the time: {not_reached})",
        run=len(plans.runs),
        left_out=plans.left_out,
        too_large=plans.too_large,
        slower=plans.slower,
        smaller=plans.smaller,
        failing=plans.failing,
        not_reached=plans.not_reached,
    )
    failed = {
        (run.point.strategy, run.point.precision, run.ranks.reason): None
        for run in plans.runs
        if isinstance(run.ranks, Missing)
    }
    for strategy, precision, why in failed:
        yield sentence(
            "{way}, recompute {recompute} cannot be run: {why}",
            way=way_in_words(precision, replace(strategy, recompute=False)),
            recompute=sentence("on") if strategy.recompute else sentence("off"),
            why=why,
        )


def _on_nodes(ranks: Sequence[RankClass], gpus_per_node: int) -> tuple[RankClass, ...]:
    return tuple(replace(one, seen=replace(one.seen, gpus_per_node=gpus_per_node)) for one in ranks)


def _answer(
    predict: Predictor, gpu: GpuType, point: PlanPoint, ranks: Sequence[RankClass]
) -> GpuAnswer:
    memory, largest = max(
        (
            (predict.memory(gpu, one.measurement, point.gpu_count, one.seen.communicators), one)
            for one in ranks
        ),
        key=lambda each: each[0].device_memory.target,
    )
    reason = sentence(
        "{reason}; run as rank {rank} of {count}",
        reason=memory.device_memory.reason,
        rank=largest.seen.rank,
        count=point.gpu_count,
    )

    def kernels(one: RankClass) -> StepTimeEstimate:
        return predict.kernels_time(gpu, one.measurement, (point, one.seen.rank))

    step = cluster_step(ranks, gpu, kernels)
    seen = largest.seen
    return GpuAnswer(
        gpu=gpu.name,
        precision=point.precision,
        memory=replace(memory, device_memory=replace(memory.device_memory, reason=reason)),
        step_time=step.estimate,
        cluster=ClusterAnswer(
            seen.samples * seen.topology.copies, step.efficiency, seen.micro_batches
        ),
        gpu_count=point.gpu_count,
        strategy=point.strategy,
    )
