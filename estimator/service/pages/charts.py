"""What the pictures of a result show, from its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from estimator.charts.answer import BatchPoint, batch_curve, memory_bar
from estimator.charts.types import Chart
from estimator.document.figure import Figure
from estimator.document.kerneltime import time_chart
from estimator.document.parts import Document
from estimator.document.plan_parts import BatchPart, GpuPart
from estimator.messages import Say
from estimator.units import GIB, format_bytes


def memory_chart(document: Document, say: Say) -> Chart:
    """Device memory of the recommended GPU type by kind, against what the card has.

    In GiB, at the batch size that was measured.
    """
    part = _shown(document)
    kinds = document.measurement.breakdown_bytes.model_dump()
    pieces = {say(f"memory.{name}"): size for name, size in kinds.items()}
    known = sum(pieces.values())
    needed = max(known, part.device_memory_bytes.target or known)
    pieces[say("memory.rest")] = needed - known
    pieces[say("memory.free")] = max(0, part.capacity_bytes - needed)
    title = say(
        "chart.memory",
        gpu=part.name,
        capacity=format_bytes(part.capacity_bytes),
        batch=part.per_device_batch_size,
    )
    in_gib = {name: size / GIB for name, size in pieces.items()}
    return memory_bar(title, say("chart.gib"), in_gib, say("memory.free"))


def kernel_time_chart(document: Document, say: Say) -> Chart | None:
    """The share of each class of kernels in the time of the GPU type whose memory is shown."""
    part = _shown(document)
    return time_chart(part.name, part.per_device_batch_size, part.time_share, say)


def batch_memory_chart(document: Document, say: Say) -> Chart | None:
    """Device memory in GiB over the per-device batch size; None for one size."""
    points = list(_points(document, lambda one: one.device_memory_bytes, GIB))
    return batch_curve(say("chart.batch_memory"), say("chart.batch"), say("chart.gib"), points)


def batch_throughput_chart(document: Document, say: Say) -> Chart | None:
    """Samples a second over the per-device batch size; None for one size."""
    points = list(_points(document, lambda one: one.throughput_samples_per_s, 1))
    title, unit = say("chart.batch_throughput"), say("chart.samples")
    return batch_curve(title, say("chart.batch"), unit, points)


CHARTS: dict[str, Callable[[Document, Say], Chart | None]] = {
    "memory": memory_chart,
    "time": kernel_time_chart,
    "batch-memory": batch_memory_chart,
    "batch-throughput": batch_throughput_chart,
}
"""The pictures of a result by the name in their address."""


def _shown(document: Document) -> GpuPart:
    """The recommended GPU type at the batch size that was measured."""
    gpu = document.recommendation.gpu or document.gpus[0].name
    return next(one for one in document.gpus if one.name == gpu)


def _points(
    document: Document, of: Callable[[BatchPart], Figure[int] | Figure[float]], unit: int
) -> Iterator[BatchPoint]:
    for part in document.recommendation.batch_sizes:
        one = of(part)
        if one.target is not None and one.lower is not None and one.upper is not None:
            size = part.per_device_batch_size
            yield BatchPoint(size, one.target / unit, one.lower / unit, one.upper / unit)
