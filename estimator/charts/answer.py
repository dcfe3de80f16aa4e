"""The pictures of one estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estimator.charts.types import Axis, AxisKind, Chart, Shape


@dataclass(frozen=True, slots=True)
class BatchPoint:
    """A quantity at one per-device batch size, with the interval it is expected in."""

    batch: int
    target: float
    lower: float
    upper: float


def memory_bar(title: str, unit: str, pieces: Mapping[str, float], free: str) -> Chart:
    """One bar of pieces by their names: what a device's memory holds, up to its capacity.

    free: the name of the piece that nothing takes.
    """
    rows = tuple({"bar": "", "kind": name, "size": size} for name, size in pieces.items() if size)
    return Chart(
        Shape.STACK,
        title,
        rows,
        x=Axis("size", unit),
        y=Axis("bar", "", AxisKind.NAME),
        colour=Axis("kind", "", AxisKind.NAME),
        faint=free,
    )


def share_bars(title: str, unit: str, shares: Mapping[str, float]) -> Chart:
    """A bar for each name, as long as its share of the whole, in the order given."""
    return Chart(
        Shape.BARS,
        title,
        tuple({"kind": name, "share": share} for name, share in shares.items()),
        x=Axis("share", unit, format=".0%"),
        y=Axis("kind", "", AxisKind.NAME),
    )


def batch_curve(title: str, batch: str, unit: str, points: Sequence[BatchPoint]) -> Chart | None:
    """A quantity over the batch size, with a band; None for a single size."""
    if len(points) < 2:
        return None
    rows = tuple(
        {"batch": one.batch, "target": one.target, "lower": one.lower, "upper": one.upper}
        for one in points
    )
    x, y = Axis("batch", batch), Axis("target", unit)
    return Chart(Shape.LINES, title, rows, x=x, y=y, band=("lower", "upper"))
