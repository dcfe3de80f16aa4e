"""What the document says of the model and its dry step."""

from __future__ import annotations

from typing import Any

from estimator.document.figure import Figure, Part
from estimator.values import Source


class ModelPart(Part):
    """``parameters`` and ``trainable_parameters`` count elements; ``source`` is the file."""

    name: str
    parameters: int
    trainable_parameters: int
    source: str


class WorkloadPart(Part):
    """What was asked: ``precision`` is ``fp32`` or like ``amp-O1-float16``.

    ``command``: of a training script, the words that run it.
    """

    per_device_batch_size: int
    precision: str
    optimizer: str
    options: dict[str, Any]
    assumptions: list[str]
    command: list[str] | None = None


class BreakdownPart(Part):
    """Bytes by kind at the allocated peak; they add up to it."""

    parameters: int
    buffers: int
    gradients: int
    optimizer_state: int
    activations: int
    temporary: int


class PhasePart(Part):
    """The peaks of one phase of the run: ``train_first``, ``train``, ``eval`` ..."""

    name: str
    peak_allocated_bytes: int
    peak_reserved_bytes: int
    per_device_batch_size: int
    note: str


class PeakAtPart(Part):
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


class BatchesPart(Part):
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


class TimelinePart(Part):
    """Bytes allocated after launches of the steady step, by kind; ``--timeline`` asks for it.

    ``launches``: numbers of those kept, of ``launch_count``; of neighbours the one with the most
    bytes. ``parts`` and each list of ``bytes_by_kind`` have one entry for each.
    """

    launch_count: int
    launches: list[int]
    parts: list[str]
    bytes_by_kind: dict[str, list[int]]


class VerificationPart(Part):
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


class CollectivePart(Part):
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


class RankPart(Part):
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


class LoaderPart(Part):
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


class MeasurementPart(Part):
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
