"""The pictures of one estimate, from its document."""

from __future__ import annotations

from estimator.charts.types import Axis, AxisKind, Chart, Shape
from estimator.document.parts import BatchPart, BreakdownPart, Document, Figure
from estimator.messages import Say
from estimator.units import GIB

KINDS = tuple(BreakdownPart.model_fields)
"""Of memory, in the order in which they are told."""


def memory_chart(document: Document, say: Say) -> Chart:
    """Device memory of the recommended GPU type by kind, against what the card has.

    In GiB, at the batch size that was measured.
    """
    gpu = document.recommendation.gpu or document.gpus[0].name
    part = next(one for one in document.gpus if one.name == gpu)
    kinds = document.measurement.breakdown_bytes.model_dump()
    pieces = {say(f"memory.{name}"): size for name, size in kinds.items() if size}
    known = sum(pieces.values())
    needed = max(known, part.device_memory_bytes.target or known)
    pieces[say("memory.rest")] = needed - known
    pieces[say("memory.free")] = max(0, part.capacity_bytes - needed)
    rows = tuple(
        {"gpu": "", "kind": name, "size": size / GIB} for name, size in pieces.items() if size
    )
    title = say("chart.memory", gpu=gpu, batch=part.per_device_batch_size)
    return Chart(
        Shape.STACK,
        title,
        rows,
        x=Axis("size", say("chart.gib")),
        y=Axis("gpu", "", AxisKind.NAME),
        colour=Axis("kind", "", AxisKind.NAME),
    )


def batch_memory_chart(document: Document, say: Say) -> Chart | None:
    """Device memory in GiB over the per-device batch size, with its interval; None for one size."""
    sizes = document.recommendation.batch_sizes
    rows = tuple(
        _point(one, one.device_memory_bytes, GIB)
        for one in sizes
        if _known(one.device_memory_bytes)
    )
    return _curve(rows, say("chart.batch_memory"), say("chart.gib"), say)


def batch_throughput_chart(document: Document, say: Say) -> Chart | None:
    """Samples a second over the per-device batch size, with the interval; None for one size."""
    sizes = document.recommendation.batch_sizes
    rows = tuple(
        _point(one, one.throughput_samples_per_s, 1)
        for one in sizes
        if _known(one.throughput_samples_per_s)
    )
    return _curve(rows, say("chart.batch_throughput"), say("chart.samples"), say)


def _curve(rows: tuple[dict[str, float], ...], title: str, unit: str, say: Say) -> Chart | None:
    if len(rows) < 2:
        return None
    return Chart(
        Shape.LINES,
        title,
        rows,
        x=Axis("batch", say("chart.batch")),
        y=Axis("target", unit),
        band=("lower", "upper"),
    )


def _known(figure: Figure[int] | Figure[float]) -> bool:
    return None not in (figure.target, figure.lower, figure.upper)


def _point(part: BatchPart, figure: Figure[int] | Figure[float], unit: int) -> dict[str, float]:
    return {
        "batch": part.per_device_batch_size,
        "target": (figure.target or 0) / unit,
        "lower": (figure.lower or 0) / unit,
        "upper": (figure.upper or 0) / unit,
    }
