"""Host memory, CPU cores and /dev/shm of one node, from the model, the batch and the speed."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from estimator.drystep.loader import LoaderSeen
from estimator.drystep.measurement import Device, DryStepReport, StepMeasurement
from estimator.plan.candidates import measurement_at
from estimator.plan.feed import HEADROOM, MAX_WORKERS, FeedLimits, data_feed
from estimator.plan.reasons import host as reasons
from estimator.plan.types import CandidatePlan, DataFeed, HostRequest
from estimator.units import GIB, MIB
from estimator.values import Missing, Source


@dataclass(frozen=True, slots=True)
class HostAssumptions:
    """What a training process takes on its host. "Measured" is Paddle 3.3.1, CPU wheel, Python
    3.11, AMD EPYC, one thread; bytes and seconds.

    process_bytes: ``import paddle`` 295 MiB (measured) + gpu_library_bytes: CUDA and cuDNN 1973
    MiB (PyTorch issue 15209, the same libraries; from before lazy loading, so rather too much).
    worker_bytes: resident size of one DataLoader worker, 160 to 164 MiB measured. Most of it is
    shared at first, but writing reference counts copies its pages one by one.
    worker_batches: the samples of a batch and the array they are stacked into.
    load_copies: ``paddle.load`` peaks at 1.17 x the file (measured, 286 MiB of weights).
    save_copies: ``paddle.save`` holds an array and its pickle, 2.00 x (measured, weights and
    Adam state alike).
    prefetch_factor: Paddle's DataLoader default, batches in flight per worker; that of a script's
    own loader is known.
    extra_batches: the batch in use (measured: 5, 9, 17 batches in /dev/shm at 2, 4, 8 workers)
    and two of the buffered reader (``reader_buffer_size``).
    image_seconds_per_byte: reading a JPEG, crop, resize and normalise with Pillow, per byte of
    the sample made; measured 6.0 ns at 224 x 224, 4.4 ns at 512 x 512, 2.9 ns at 640 x 640.
    other_seconds_per_byte: JSON line, tokenise, look up and pad in Python; measured 27 to
    32 ns per byte of int64 ids and mask at 128 to 2048 tokens. Neither counts where the
    script's own samples were timed.
    min_workers: one reads while the other waits for the disk (assumed).
    max_workers: of one GPU, by its cores (:data:`estimator.plan.feed.MAX_WORKERS`).
    headroom: for what none of this knows, such as the user's own data in memory, page cache and
    slower cores (assumed).
    """

    process_bytes: int = (295 + 1973) * MIB
    gpu_library_bytes: int = 1973 * MIB
    worker_bytes: int = 164 * MIB
    worker_batches: int = 2
    load_copies: float = 1.17
    save_copies: float = 2.0
    prefetch_factor: int = 2
    extra_batches: int = 3
    image_seconds_per_byte: float = 6.0e-9
    other_seconds_per_byte: float = 32e-9
    min_workers: int = 2
    max_workers: int = MAX_WORKERS
    headroom: float = HEADROOM


DEFAULT_SHM_BYTES = 64 * MIB
"""/dev/shm of a container that asks for nothing; never less is asked for."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What one node has to feed: ``batch_bytes`` is one per-device batch on the host,
    ``batches`` how many of them are in flight for each GPU.
    """

    gpus: int
    feed: DataFeed
    batch_bytes: int
    batches: int
    in_shared_memory: bool

    @property
    def in_flight_bytes(self) -> int:
        return self.gpus * self.batches * self.batch_bytes


def host_request(
    plan: CandidatePlan, report: DryStepReport, assumed: HostAssumptions = HostAssumptions()
) -> HostRequest:
    """What each node of the plan needs beside its GPUs.

    CPU cores: one for the training process of each GPU, and as many as its DataLoader workers
    keep busy, of which there are as many as keep up with its throughput, or the assumed minimum
    where that is not known. /dev/shm: the batches in flight. Memory: processes, workers, the
    weights while they are loaded or saved, and /dev/shm, which counts against it.
    """
    measured = measurement_at(report, plan.precision)
    load = _load(plan, report, measured, assumed)
    shm, shm_reason = _shared_memory(load, assumed)
    memory, memory_reason = _memory(load, report, measured, shm, assumed)
    return HostRequest(
        memory_bytes=memory,
        memory_reason=memory_reason,
        cpu=load.gpus * (1 + load.feed.cores),
        cpu_reason=_cpu_reason(load, assumed),
        shm_bytes=shm,
        shm_reason=shm_reason,
        feed=load.feed,
    )


def _load(
    plan: CandidatePlan,
    report: DryStepReport,
    measured: StepMeasurement,
    assumed: HostAssumptions,
) -> _Load:
    sample_bytes = measured.batch_bytes / measured.per_device_batch_size
    limits = FeedLimits(assumed.min_workers, assumed.max_workers, assumed.headroom)
    feed = data_feed(plan, report, sample_bytes * _seconds_per_byte(report, assumed), limits)
    prefetched, shared = assumed.prefetch_factor, True
    if isinstance(report.loader, LoaderSeen):
        prefetched = report.loader.prefetch_factor
        # A loader without workers says that it shares nothing; with some, that is the default.
        shared = feed.workers > 0 and (report.loader.shared_memory or not report.loader.workers)
    return _Load(
        gpus=plan.gpu_count // plan.nodes,
        feed=feed,
        batch_bytes=ceil(sample_bytes * plan.per_device_batch_size),
        batches=prefetched * max(1, feed.workers) + assumed.extra_batches,
        in_shared_memory=shared,
    )


def _seconds_per_byte(report: DryStepReport, assumed: HostAssumptions) -> float:
    """A model with two- or three-dimensional convolutions reads images, any other one text."""
    layers = report.model.layer_types
    if any(name.startswith(("Conv2D", "Conv3D")) for name in layers):
        return assumed.image_seconds_per_byte
    return assumed.other_seconds_per_byte


def _cpu_reason(load: _Load, assumed: HostAssumptions) -> str:
    gpus, feed = load.gpus, load.feed
    if isinstance(feed.samples_per_second, Missing):
        return reasons.cpu_minimum(gpus, feed.workers, feed.samples_per_second)
    if feed.source is Source.MEASURED:
        return reasons.cpu_measured(gpus, feed, feed.samples_per_second, assumed.headroom)
    if not isinstance(feed.workers_needed, Missing) and feed.workers < feed.workers_needed:
        return reasons.cpu_capped(gpus, feed.workers, feed.workers_needed)
    return reasons.cpu(gpus, feed.workers, feed.samples_per_second, feed.processor_seconds)


def _shared_memory(load: _Load, assumed: HostAssumptions) -> tuple[int, str]:
    if not load.in_shared_memory:
        return DEFAULT_SHM_BYTES, reasons.no_shared_memory()
    needed = load.in_flight_bytes * (1 + assumed.headroom)
    size = max(_round_up(needed, MIB), DEFAULT_SHM_BYTES)
    return size, reasons.shared_memory(load.gpus, load.batches, load.batch_bytes, assumed.headroom)


def _memory(
    load: _Load,
    report: DryStepReport,
    measured: StepMeasurement,
    shm: int,
    assumed: HostAssumptions,
) -> tuple[int, str]:
    worker = assumed.worker_bytes + assumed.worker_batches * load.batch_bytes
    workers = load.gpus * load.feed.workers
    parts = [
        _processes(load.gpus, report, assumed),
        (reasons.host_part_model(), _weights_in_passing(load.gpus, measured, assumed)),
    ]
    if workers:
        parts.append((reasons.host_part_workers(workers), workers * worker))
    if not load.in_shared_memory:
        parts.append((reasons.host_part_batches(load.batches), load.in_flight_bytes))
    own = sum(size for _, size in parts) * (1 + assumed.headroom)
    parts.append((reasons.host_part_shared_memory(), shm))
    return _round_up(own + shm, GIB), reasons.host_memory(parts, assumed.headroom)


def _processes(gpus: int, report: DryStepReport, assumed: HostAssumptions) -> tuple[str, int]:
    """On a real GPU the resident memory of a training process was measured; that of a script, with
    its own data and modules, was so without the libraries of a GPU.
    """
    if report.device is Device.GPU:
        each = report.host_peak_bytes
    elif isinstance(report.loader, LoaderSeen):
        each = report.host_peak_bytes + assumed.gpu_library_bytes
        own = reasons.host_part_script(gpus, report.host_peak_bytes, assumed.gpu_library_bytes)
        return own, gpus * each
    else:
        each = assumed.process_bytes
    return reasons.host_part_processes(gpus, each), gpus * each


def _weights_in_passing(gpus: int, measured: StepMeasurement, assumed: HostAssumptions) -> int:
    """Every process loads the weights at the start; later one of them saves weights and
    optimizer state, one file after the other.
    """
    weights, state = measured.breakdown.parameters, measured.breakdown.optimizer_state
    loading = gpus * assumed.load_copies * weights
    saving = assumed.save_copies * max(weights, state)
    return ceil(max(loading, saving))


def _round_up(amount: float, unit: int) -> int:
    return ceil(amount / unit) * unit
