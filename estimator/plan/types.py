"""Plans: what could be asked for, what is chosen, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from estimator.drystep.measurement import Precision
from estimator.drystep.strategy import PLAIN, Strategy
from estimator.gpus.types import GpuType
from estimator.memory.types import DeviceOverhead, MemoryEstimate
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Missing, Source


class Objective(StrEnum):
    """What ``--minimize`` asks for."""

    GPU_HOURS = "gpu-hours"
    TIME = "time"
    GPUS = "gpus"


class Measure(StrEnum):
    """What a plan is ranked by; less is better."""

    COST = "cost"
    MEMORY_HOURS = "GPU memory x hours"
    GPU_HOURS = "GPU-hours"
    TIME = "time"
    GPUS = "GPUs"
    GPU_MEMORY = "GPU memory"


class SiteMeasure(StrEnum):
    """What a site limits of a plan."""

    GPUS = "max_gpus"
    GPUS_PER_NODE = "max_gpus_per_node"
    NODES = "max_nodes"
    GPU_TYPES = "gpu_types"


@dataclass(frozen=True, slots=True)
class SiteLimit:
    """A limit of the site: the most, or for GPU types the allowed patterns, and who set it."""

    measure: SiteMeasure
    at_most: int | None
    allow: tuple[str, ...]
    who: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the user wants of a plan. Times in seconds; None: not said.

    Without an objective the planner takes its own rule (:func:`estimator.plan.ranking.measures`).
    ``pinned_gpus`` are on each of the ``pinned_nodes``; where only the nodes are pinned, the
    plan chooses how many GPUs each of them gives.
    ``pinned_degrees``: of tensor and pipeline parallel, by the keywords of ``build_model``.
    ``site_limits``: what the site's policy allows, whatever the user asks for.
    """

    max_gpus: int
    objective: Objective | None
    dataset_size: int | None = None
    epochs: int | None = None
    deadline_seconds: float | None = None
    pinned_batch_size: int | None = None
    pinned_gpus: int | None = None
    pinned_nodes: int | None = None
    pinned_degrees: tuple[tuple[str, int], ...] = ()
    site_limits: tuple[SiteLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterAnswer:
    """What else is known where all ranks were run: samples of one step of the whole job, the share
    of the step in which the busiest rank computes, and the micro-batches of an update.
    """

    samples_per_step: int
    efficiency: Bounded[float] | Missing
    micro_batches: int = 1


@dataclass(frozen=True, slots=True)
class GpuAnswer:
    """What is known of the workload on one GPU type at one precision and batch size.

    ``step_time`` is Missing where nothing says how fast this type is. ``cluster``: the answer is of
    a whole job that was run rank by rank, on as many GPUs as were asked for. ``gpu_count``: of a
    model file, how many GPUs it was run on with this ``strategy``; None where one was run.
    ``batches``: that an update on one GPU is made of.
    """

    gpu: str
    precision: Precision
    memory: MemoryEstimate
    step_time: StepTimeEstimate | Missing
    cluster: ClusterAnswer | None = None
    gpu_count: int | None = None
    strategy: Strategy = PLAIN
    batches: int = 1

    def samples_per_step(self, gpu_count: int) -> int:
        """Of one update of a plan on so many GPUs."""
        if self.cluster is not None:
            return self.cluster.samples_per_step
        return self.memory.per_device_batch_size * self.batches * gpu_count


@dataclass(frozen=True, slots=True)
class Collaborators:
    """What the planner asks other rooms.

    scaling_efficiency: of an answer on one GPU, its GPU type, the GPU count and the nodes; the
    throughput of all GPUs over count times that of one, in (0, 1]; Missing where the answer
    has no step time.
    device_overhead: of a GPU type and the GPU count.
    """

    scaling_efficiency: Callable[[GpuAnswer, GpuType, int, int], Bounded[float] | Missing]
    device_overhead: Callable[[GpuType, int], DeviceOverhead]


@dataclass(frozen=True, slots=True)
class CandidatePlan:
    """One way to run the job. Times in seconds, GPU-hours in hours, throughput in samples/s.

    ``feasible`` says whether it may be chosen; ``reason`` says in plain words why it may
    not, or (for the others) how it compares. Without a step time throughput, duration,
    GPU-hours and cost are missing for the same reason. ``was_run``: a rank of this very plan was
    run; otherwise what several GPUs add was computed. ``if_fed``: the throughput that the GPUs
    would have if data kept up with them; None where it does. ``micro_batches``: of an update.
    """

    gpu: str
    gpu_count: int
    nodes: int
    per_device_batch_size: int
    precision: Precision
    memory: MemoryEstimate
    step_seconds: Bounded[float] | Missing
    throughput: Bounded[float] | Missing
    scaling_efficiency: Bounded[float] | Missing
    duration_seconds: Bounded[float] | Missing
    gpu_hours: Bounded[float] | Missing
    cost: Bounded[float] | Missing
    feasible: bool
    reason: str
    samples_per_step: int | None = None
    strategy: Strategy = PLAIN
    was_run: bool = False
    if_fed: Bounded[float] | None = None
    micro_batches: int = 1

    @property
    def global_batch_size(self) -> int:
        """Samples of one step; where ranks share their samples that is not one batch a GPU."""
        return self.samples_per_step or self.per_device_batch_size * self.gpu_count


def is_made_of(plan: CandidatePlan, answer: GpuAnswer) -> bool:
    """Whether the plan was made of this answer."""
    batch = answer.memory.per_device_batch_size
    same = (answer.gpu, answer.precision, batch, answer.strategy) == (
        plan.gpu,
        plan.precision,
        plan.per_device_batch_size,
        plan.strategy,
    )
    return same and answer.gpu_count == (plan.gpu_count if plan.was_run else None)


@dataclass(frozen=True, slots=True)
class DataFeed:
    """How data reaches each GPU of a plan. Times in seconds a sample, counts for one GPU.

    source: of the times, why in ``reason``. samples_per_second: what the GPU's process loads while
    the GPU does not wait. workers: DataLoader workers asked for, 0 where the training
    process makes its samples itself; cores: how many those keep busy. workers_needed: to keep
    up, however many that is. workers_set: the script's own ``num_workers``. verdict:
    whether data keeps up, in plain words; empty where nobody measured.
    """

    source: Source
    processor_seconds: float
    waiting_seconds: float
    samples_per_second: float | Missing
    workers: int
    cores: int
    workers_needed: int | Missing
    workers_set: int | Missing
    reason: str
    verdict: str

    @property
    def made_per_second(self) -> float:
        """The most samples that the workers asked for make in a second."""
        return max(1, self.workers) / (self.processor_seconds + self.waiting_seconds)


@dataclass(frozen=True, slots=True)
class HostRequest:
    """What each node needs beside its GPUs; every figure with its reason."""

    memory_bytes: int
    memory_reason: str
    cpu: int
    cpu_reason: str
    shm_bytes: int
    shm_reason: str
    feed: DataFeed


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The chosen plan, the request that goes with it, and the reasons in order."""

    plan: CandidatePlan
    host: HostRequest
    reasons: tuple[str, ...]
    candidates: tuple[CandidatePlan, ...]
