"""The shape of the JSON document, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from estimator.values import Source

SCHEMA_VERSION: Literal[1] = 1

Number = TypeVar("Number", int, float)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class Figure(_Part, Generic[Number]):
    """A number and the interval it is expected in. A missing one is null, with the reason."""

    target: Number | None
    lower: Number | None
    upper: Number | None
    source: Source | None
    reason: str


class ModelPart(_Part):
    """``parameters`` and ``trainable_parameters`` count elements; ``source`` is the file."""

    name: str
    parameters: int
    trainable_parameters: int
    source: str


class WorkloadPart(_Part):
    """What was asked: ``precision`` is ``fp32`` or like ``amp-O1-float16``.

    ``command``: of a training script, the words that run it.
    """

    per_device_batch_size: int
    precision: str
    optimizer: str
    options: dict[str, Any]
    assumptions: list[str]
    command: list[str] | None = None


class BreakdownPart(_Part):
    """Bytes by kind at the allocated peak; they add up to it."""

    parameters: int
    buffers: int
    gradients: int
    optimizer_state: int
    activations: int
    temporary: int


class PhasePart(_Part):
    """The peaks of one phase of the run: ``train_first``, ``train``, ``eval`` ..."""

    name: str
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    per_device_batch_size: int
    note: str


class PeakAtPart(_Part):
    """The launch that set the largest peak of all phases.

    ``part`` is ``forward``, ``backward`` or ``optimizer``. What is not known is null, and
    ``reason`` says why.
    """

    phase: str | None
    part: str | None
    layer: str | None
    operator: str | None
    file: str | None
    line: int | None
    reason: str


NOWHERE = PeakAtPart(
    phase=None, part=None, layer=None, operator=None, file=None, line=None, reason="not recorded"
)


class BatchesPart(_Part):
    """Batches of a script's own loader, one of each optimizer step watched; bytes are of all
    tensors of a batch, peaks of steady steps on the batches as they came.
    """

    looked_at: int
    distinct_shapes: int
    largest_shapes: list[list[int]]
    largest_bytes: int
    median_bytes: int
    largest_peak_allocated_bytes: int
    median_peak_allocated_bytes: int


class TimelinePart(_Part):
    """Bytes allocated after launches of the steady step, by kind; ``--timeline`` asks for it.

    ``launches``: numbers of those kept, of ``launch_count``; of neighbours the one with the most
    bytes. ``parts`` and each list of ``bytes_by_kind`` have one entry for each.
    """

    launch_count: int
    launches: list[int]
    parts: list[str]
    bytes_by_kind: dict[str, list[int]]


class VerificationPart(_Part):
    """The peak of one step at a small batch in float32: on the virtual GPU, and computed.

    ``allocator_bytes`` is the CPU allocator's own peak, with scratch of CPU kernels. ``agrees`` is
    null where nothing could be compared; ``reason`` says why, and what the verdict rests on.
    ``unchecked``: kernels of the estimated step that a CPU does not take.
    """

    per_device_batch_size: int | None
    virtual_bytes: int | None
    cpu_bytes: int | None
    allocator_bytes: int | None
    virtual_breakdown: BreakdownPart | None
    cpu_breakdown: BreakdownPart | None
    agrees: bool | None
    reason: str
    unchecked: list[str] = []


class CollectivePart(_Part):
    """Collectives of one step of a rank: ``count`` in a row, of ``bytes`` each, over ``ranks``.

    ``group``: an axis of Fleet's topology, ``world`` or a number. ``peer``: the other rank of a
    send or receive, the root of a broadcast or reduce.
    """

    kind: str
    group: str
    ranks: list[int]
    peer: int | None
    phase: str
    bytes: int
    count: int


class RankPart(_Part):
    """A kind of rank of a job on several GPUs: its members are ``ranks``, ``rank`` ran alone.

    ``places``: where that stands on each axis. ``samples``: of one step of this rank.
    """

    name: str
    rank: int
    ranks: list[int]
    places: dict[str, int]
    parameters: int
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    workspace_bytes: int
    breakdown_bytes: BreakdownPart
    samples: int
    micro_batches: int
    collectives: list[CollectivePart]


class LoaderPart(_Part):
    """The DataLoader that feeds a script's training, and what a sample takes to make, in seconds.

    ``workers``: its ``num_workers``. The times are null where ``reason`` says why nobody measured;
    ``samples`` and ``batches`` were timed.
    """

    workers: int
    prefetch_factor: int
    shared_memory: bool
    processor_s_per_sample: float | None = None
    waiting_s_per_sample: float | None = None
    samples: int = 0
    batches: int = 0
    source: Source | None = None
    reason: str = ""


class MeasurementPart(_Part):
    """The dry step at the asked batch size; ``seconds`` is what all dry steps took.

    ``peak_allocated_bytes`` is the steady training step's; ``phases`` may hold a larger one.
    ``ranks``: of a job on several GPUs, every kind of rank, the one that takes the most first; all
    else is of that one. ``axes``: how the ranks are laid out, the slowest axis first. ``loader``:
    null where no DataLoader feeds the training.
    """

    device: str
    fallback_reason: str
    paddle_version: str
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    breakdown_bytes: BreakdownPart
    peak_phase: str
    step_time_s: Figure[float]
    host_peak_bytes: int
    seconds: float
    phases: list[PhasePart] = []
    peak_at: PeakAtPart = NOWHERE
    batches: BatchesPart | None = None
    verification: VerificationPart | None = None
    timeline: TimelinePart | None = None
    axes: dict[str, int] = {}
    ranks: list[RankPart] = []
    loader: LoaderPart | None = None


class LayerPart(Figure[int]):
    """One layer of device memory, in bytes; the targets of all add up to it."""

    name: str


class EvidencePart(_Part):
    """Past jobs of one level behind a correction; the shares and that of the prior add up to 1."""

    level: str
    count: int
    killed: int
    share: float


class LearntPart(_Part):
    """One prediction before and after past jobs corrected it; bytes, or seconds of a step."""

    target: str
    before: Figure[float]
    after: Figure[float]
    evidence: list[EvidencePart]


class PastJobPart(_Part):
    """A job of the same model that ran; ``differs``: in what it is not this one. Null: unknown."""

    identifier: str
    finished_at: datetime | None
    status: str | None
    gpu: str | None
    gpu_count: int | None
    per_device_batch_size: int | None
    precision: str | None
    peak_device_bytes: int | None
    peak_memory_bytes: int | None
    step_time_s: float | None
    duration_s: float | None
    differs: list[str]


class GpuPart(_Part):
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


class PlanPart(_Part):
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


class BatchPart(_Part):
    """The recommended plan at another per-device batch size that was run."""

    per_device_batch_size: int
    fits: bool
    device_memory_bytes: Figure[int]
    throughput_samples_per_s: Figure[float]


class DataFeedPart(_Part):
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


class RecommendationPart(_Part):
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


class OriginPart(_Part):
    """Where one value of the YAML comes from, and why it is that value."""

    path: str
    value: Any
    origin: str
    reason: str


class SuggestionPart(_Part):
    """Another template that suits the model, what speaks for it, and how strongly, in words."""

    name: str
    reason: str
    score: str


class TemplateChoicePart(_Part):
    """Why the YAML is made of this template, and what else would suit, best first."""

    name: str
    reason: str
    score: str
    alternatives: list[SuggestionPart]


class ManifestPart(_Part):
    """The YAML and the origin of each value; ``text`` is null where ``reason`` says why.

    ``layers``: ``name@digest`` of each layer of the template, lowest first.
    """

    kind: str | None
    template: str | None
    text: str | None
    origins: list[OriginPart]
    notes: list[str]
    reason: str
    template_choice: TemplateChoicePart | None = None
    layers: list[str] = []


class Document(_Part):
    """The whole answer to one question."""

    schema_version: Literal[1]
    identifier: str
    model: ModelPart
    workload: WorkloadPart
    measurement: MeasurementPart
    gpus: list[GpuPart]
    plans: list[PlanPart]
    recommendation: RecommendationPart
    manifest: ManifestPart
    notes: list[str]
    nearest_jobs: list[PastJobPart] = []
