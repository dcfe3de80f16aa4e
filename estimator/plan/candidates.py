"""Every plan that could be asked for: GPU type x count x per-device batch x precision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from estimator.drystep.measurement import DryStepReport, Precision, StepMeasurement
from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.memory.types import MemoryEstimate
from estimator.plan.feasibility import judged
from estimator.plan.feed import most_made
from estimator.plan.intervals import Figure, inverse, lesser, product, scaled
from estimator.plan.reasons import figures as reasons
from estimator.plan.types import CandidatePlan, Collaborators, GpuAnswer, Question
from estimator.values import Bounded, Missing, Source

_SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a plan is made of, beside the answers. ``gpus`` by name."""

    question: Question
    gpus: Mapping[str, GpuType]
    collaborators: Collaborators
    report: DryStepReport


def candidate_plans(inputs: Inputs, answers: Sequence[GpuAnswer]) -> tuple[CandidatePlan, ...]:
    """All plans of the answers, data parallel, up to the allowed GPU count.

    A pinned batch size keeps its answers only. Raises InternalError where nothing was
    answered, or about a GPU type that is not in the catalogue.
    """
    usable = _asked_about(answers, inputs.question.pinned_batch_size)
    run = {_way(answer, answer.gpu_count) for answer in usable if answer.gpu_count is not None}
    return tuple(
        plan_for(inputs, answer, count)
        for answer in usable
        for count in _counts_of(inputs, answer)
        if not run or answer.gpu_count is not None or _way(answer, count) not in run
    )


def _counts_of(inputs: Inputs, answer: GpuAnswer) -> tuple[int, ...]:
    counts = counts_asked_for(inputs.question, _gpu(inputs, answer))
    return tuple(count for count in counts if answer.gpu_count in (None, count))


def _way(answer: GpuAnswer, count: int) -> tuple[object, ...]:
    """What makes two plans the same, whether they were run or computed."""
    batch = answer.memory.per_device_batch_size
    return (answer.gpu, count, answer.precision, batch, answer.strategy)


def plan_for(inputs: Inputs, answer: GpuAnswer, count: int) -> CandidatePlan:
    """One answer on ``count`` GPUs, judged against the question."""
    gpu = _gpu(inputs, answer)
    nodes = nodes_for(inputs.question, gpu, count)
    efficiency = _efficiency(inputs.collaborators, answer, gpu, count, nodes)
    step_seconds, alone = _speed_alone(answer)
    unbounded = _throughput(answer, alone, efficiency, count)
    throughput = _as_fed(unbounded, inputs.report, count)
    duration = _duration(inputs.question, throughput)
    hours = scaled(duration, count / _SECONDS_PER_HOUR, reasons.gpu_hours(count))
    plan = CandidatePlan(
        gpu=gpu.name,
        gpu_count=count,
        nodes=nodes,
        per_device_batch_size=answer.memory.per_device_batch_size,
        precision=answer.precision,
        memory=_memory(inputs, answer, gpu, count),
        step_seconds=_slowed(
            _step_seconds(answer, step_seconds, efficiency, count), unbounded, throughput
        ),
        throughput=throughput,
        scaling_efficiency=efficiency,
        duration_seconds=duration,
        gpu_hours=hours,
        cost=_cost(hours, gpu),
        feasible=True,
        reason=reasons.fits_all_limits(),
        samples_per_step=answer.samples_per_step(count),
        strategy=answer.strategy,
        was_run=answer.gpu_count is not None,
        if_fed=_if_fed(unbounded, throughput),
        micro_batches=answer.cluster.micro_batches if answer.cluster else 1,
    )
    return judged(plan, gpu, inputs.question)


def nodes_for(question: Question, gpu: GpuType, count: int) -> int:
    """The nodes of so many GPUs: as asked for, or as few as hold them."""
    return question.pinned_nodes or -(-count // gpu.gpus_per_node)


def gpus_on_a_node(question: Question, gpu: GpuType, count: int) -> int:
    """The most GPUs of so many that are on one of their nodes."""
    return -(-count // nodes_for(question, gpu, count))


def counts_asked_for(question: Question, gpu: GpuType) -> tuple[int, ...]:
    """GPU counts of a plan, over all nodes: the pinned one, or those worth asking for."""
    nodes, each = question.pinned_nodes or 1, question.pinned_gpus
    if each is not None:
        return (nodes * each,)
    if question.pinned_nodes is None:
        return gpu_counts(question.max_gpus, gpu.gpus_per_node)
    per_node = min(question.max_gpus // nodes, gpu.gpus_per_node)
    return tuple(nodes * count for count in gpu_counts(per_node, gpu.gpus_per_node))


def gpu_counts(max_gpus: int, gpus_per_node: int) -> tuple[int, ...]:
    """GPU counts worth asking for, ascending: some GPUs of one node, or whole nodes.

    Both go 1, 2, 3, 4, 6, 8, 12 ... (powers of two and three times a power of two), and a full
    node always counts. The counts of a smaller limit are part of those of a larger one, so
    that allowing more GPUs never takes a plan away.
    """
    within = {*_ladder(gpus_per_node - 1), gpus_per_node}
    whole_nodes = {nodes * gpus_per_node for nodes in _ladder(max_gpus // gpus_per_node)}
    return tuple(sorted(count for count in within | whole_nodes if count <= max_gpus))


def gradient_bucket_bytes(report: DryStepReport, precision: Precision) -> int:
    """Bytes of the fused gradient buffers of ``paddle.DataParallel``, held from its creation on.

    They are as large as all gradients, and a gradient has the dtype of its parameter. Source:
    EagerReducer::InitializeGroups in Paddle's reducer.cc; on the virtual GPU 8 ranks of a
    1.07 B-parameter fp32 AdamW model took 20 bytes a parameter against 16 on one GPU.
    """
    facts = report.model
    if not facts.parameters:
        return 0
    parameters = measurement_at(report, precision).breakdown.parameters
    return parameters * facts.trainable_parameters // facts.parameters


def measurement_at(report: DryStepReport, precision: Precision) -> StepMeasurement:
    """The measurement at this precision, or the user's own where it was not run at it."""
    if not report.measurements:
        raise InternalError("a plan was asked for without a measured step")
    same = (one for one in report.measurements if one.precision == precision)
    return next(same, report.measurements[0])


def _asked_about(answers: Iterable[GpuAnswer], pinned: int | None) -> list[GpuAnswer]:
    usable = [answer for answer in answers if pinned in (None, answer.memory.per_device_batch_size)]
    if not usable:
        raise InternalError("a plan was asked for, but no GPU type was answered for its batch size")
    return usable


def _gpu(inputs: Inputs, answer: GpuAnswer) -> GpuType:
    if answer.gpu not in inputs.gpus:
        raise InternalError(f"{answer.gpu} was answered but is not among the GPU types offered")
    return inputs.gpus[answer.gpu]


def _ladder(limit: int) -> list[int]:
    steps = {power * factor for power in _powers_of_two(limit) for factor in (1, 3)}
    return sorted(step for step in steps if step <= limit)


def _powers_of_two(limit: int) -> list[int]:
    return [1 << exponent for exponent in range(max(limit, 0).bit_length())]


def _speed_alone(answer: GpuAnswer) -> tuple[Figure, Figure]:
    """Step time and throughput of one GPU."""
    step = answer.step_time
    return (step, step) if isinstance(step, Missing) else (step.step_seconds, step.throughput)


def _throughput(answer: GpuAnswer, alone: Figure, efficiency: Figure, count: int) -> Figure:
    """Of all GPUs. What was run as a whole job has its waiting in the step time."""
    if answer.cluster is not None:
        return scaled(alone, count, alone.reason)
    why = reasons.throughput(count)
    return product(scaled(alone, count, why), efficiency, why)


def _as_fed(throughput: Figure, report: DryStepReport, count: int) -> Figure:
    """No more than the script's own data pipeline makes, where that was timed."""
    most = most_made(report, count)
    return throughput if most is None else lesser(throughput, most)


def _if_fed(unbounded: Figure, throughput: Figure) -> Bounded[float] | None:
    if isinstance(unbounded, Missing) or isinstance(throughput, Missing):
        return None
    return unbounded if throughput.target < unbounded.target else None


def _slowed(step: Figure, unbounded: Figure, throughput: Figure) -> Figure:
    """The step time with what it waits for data: the same samples at what throughput is left."""
    if isinstance(step, Missing) or isinstance(unbounded, Missing):
        return step
    if isinstance(throughput, Missing) or throughput == unbounded:
        return step
    waits = throughput.target < unbounded.target
    samples = step.target * unbounded.target
    return inverse(throughput, samples, throughput.reason if waits else step.reason)


def _step_seconds(answer: GpuAnswer, alone: Figure, efficiency: Figure, count: int) -> Figure:
    if answer.cluster is not None:
        return alone
    return product(alone, inverse(efficiency, 1.0, efficiency.reason), reasons.step_time(count))


def _efficiency(
    collaborators: Collaborators, answer: GpuAnswer, gpu: GpuType, count: int, nodes: int
) -> Figure:
    if answer.cluster is not None:
        return answer.cluster.efficiency
    if count == 1:
        return Bounded.exact(1.0, Source.MEASURED, reasons.one_gpu_scales())
    return collaborators.scaling_efficiency(answer, gpu, count, nodes)


def _memory(inputs: Inputs, answer: GpuAnswer, gpu: GpuType, count: int) -> MemoryEstimate:
    """Data parallel adds gradient buckets inside the allocator and NCCL buffers outside it."""
    alone = answer.memory
    if count == 1 or answer.cluster is not None:
        return alone
    buckets = gradient_bucket_bytes(inputs.report, answer.precision)
    overhead = inputs.collaborators.device_overhead(gpu, count)
    nccl = overhead.communication
    memory = alone.device_memory
    return replace(
        alone,
        reserved_bytes=alone.reserved_bytes + buckets,
        overhead=overhead,
        device_memory=Bounded(
            memory.target + buckets + nccl.target,
            memory.lower + buckets + nccl.lower,
            memory.upper + buckets + nccl.upper,
            memory.source,
            reasons.data_parallel_memory(memory.reason, buckets, nccl.target),
        ),
    )


def _duration(question: Question, throughput: Figure) -> Figure:
    if isinstance(throughput, Missing):
        return throughput
    if question.dataset_size is None or question.epochs is None:
        return Missing(reasons.duration_unknown(question))
    samples = question.dataset_size * question.epochs
    return inverse(throughput, samples, reasons.duration(question.epochs, question.dataset_size))


def _cost(hours: Figure, gpu: GpuType) -> Figure:
    price = gpu.price_per_hour
    if isinstance(hours, Missing):
        return hours
    if isinstance(price, Missing):
        return price
    return scaled(hours, price, reasons.cost(price))
