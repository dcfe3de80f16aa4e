"""What the document says of GPU types, plans and the recommendation."""

from __future__ import annotations

from estimator.document.figure import Figure, Part
from estimator.values import Source


class LayerPart(Figure[int]):
    """One layer of device memory, in bytes; the targets of all add up to it."""

    name: str


class EvidencePart(Part):
    """Past jobs of one level behind a correction; the shares and that of the prior add up to 1."""

    level: str
    count: int
    killed: int
    share: float


class LearntPart(Part):
    """One prediction before and after past jobs corrected it; bytes, or seconds of a step."""

    target: str
    before: Figure[float]
    after: Figure[float]
    evidence: list[EvidencePart]


class GpuPart(Part):
    """One GPU type at the asked batch size.

    ``time_share``: kernel class -> part of the time of all kernels of a step; empty where none were
    recorded.
    ``learnt``: the predictions that past jobs corrected.
    """

    name: str
    fits: bool
    precision: str
    per_device_batch_size: int
    reserved_bytes: int
    capacity_bytes: int
    context_bytes: Figure[int]
    communication_bytes: Figure[int]
    device_memory_bytes: Figure[int]
    max_per_device_batch_size: int
    step_time_s: Figure[float]
    throughput_samples_per_s: Figure[float]
    time_share: dict[str, float]
    device_memory_layers: list[LayerPart] = []
    learnt: list[LearntPart] = []


class PlanPart(Part):
    """One way to run the job; ``gpu_count`` is over all nodes, so are throughput and cost.

    ``per_device_batch_size``: of each copy of the model, which tensor_parallel_degree x
    pipeline_parallel_degree GPUs hold together; of an update, which was run in micro_batches.
    sharding_stage: 0 is data parallel. sharding_degree: GPUs that shard among each other. was_run:
    a rank of this very plan was run; otherwise what several GPUs add to one is computed.
    """

    gpu: str
    gpu_count: int
    nodes: int
    per_device_batch_size: int
    global_batch_size: int
    precision: str
    device_memory_bytes: Figure[int]
    capacity_bytes: int
    step_time_s: Figure[float]
    throughput_samples_per_s: Figure[float]
    scaling_efficiency: Figure[float]
    duration_s: Figure[float]
    gpu_hours: Figure[float]
    cost: Figure[float]
    feasible: bool
    chosen: bool
    reason: str
    sharding_stage: int = 0
    sharding_degree: int = 1
    tensor_parallel_degree: int = 1
    pipeline_parallel_degree: int = 1
    micro_batches: int = 1
    recompute: bool = False
    was_run: bool = False


class BatchPart(Part):
    """The recommended plan at another per-device batch size that was run."""

    per_device_batch_size: int
    fits: bool
    device_memory_bytes: Figure[int]
    throughput_samples_per_s: Figure[float]


class DataFeedPart(Part):
    """How data reaches each GPU of the plan; counts and rates are for one GPU.

    ``processor_s_per_sample`` and ``waiting_s_per_sample``: what making a sample takes, by
    ``source``, of which ``reason`` tells more. ``taken_samples_per_s``: what the GPU's process
    loads while the GPU does not wait; ``workers_needed`` keep up with that; null without a step
    time. ``workers``: what is asked for (0: the training process makes its samples itself), which
    keep ``cores`` busy and make ``made_samples_per_s``. ``workers_set``: the script's own
    ``num_workers``, null where there is no script's DataLoader. ``verdict``: whether data keeps
    up; empty where nobody measured.
    """

    source: Source
    reason: str
    processor_s_per_sample: float
    waiting_s_per_sample: float
    taken_samples_per_s: float | None
    made_samples_per_s: float
    workers: int
    cores: int
    workers_needed: int | None
    workers_set: int | None
    verdict: str


class RecommendationPart(Part):
    """What to ask for; ``memory_bytes``, ``cpu`` and ``shm_bytes`` are the host's, per node.

    ``batch_sizes``: the plan at each batch size that was run, smallest first. ``data_feed``: what
    the host's figures rest on.

    Where nothing fits every value is null, ``reasons`` says why and ``nearest_miss`` is the
    plan that misses by least.
    """

    gpu: str | None
    gpu_count: int | None
    nodes: int | None
    per_device_batch_size: int | None
    global_batch_size: int | None
    memory_bytes: int | None
    memory_reason: str
    cpu: int | None
    cpu_reason: str
    shm_bytes: int | None
    shm_reason: str
    plan: PlanPart | None
    nearest_miss: PlanPart | None
    reasons: list[str]
    batch_sizes: list[BatchPart] = []
    data_feed: DataFeedPart | None = None
