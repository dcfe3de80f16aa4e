"""What a picture shows, without any drawing library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class AxisKind(StrEnum):
    """How values are read. TIME: ISO 8601 text, shown as UTC; NAME and STEP keep their order."""

    NAME = "nominal"
    STEP = "ordinal"
    NUMBER = "quantitative"
    TIME = "temporal"


class Shape(StrEnum):
    """How values are drawn.

    BARS: a bar for each y, lengths along x. STACK: the same, in pieces by colour. LINES: one line
    for each colour over x, with a band where the chart has one. INTERVALS: a point for each y and
    a line from lower to upper along x. AREAS: for each colour one over x, on top of the
    last; values hold until the next x. HEAT: a cell for each x and y, darker for more of colour.
    """

    BARS = "bars"
    STACK = "stack"
    LINES = "lines"
    INTERVALS = "intervals"
    AREAS = "areas"
    HEAT = "heat"


@dataclass(frozen=True, slots=True)
class Axis:
    """field: key of the rows. title: for people, with the unit. log: a logarithmic scale.

    format: of d3 (``.0%``, ``~s``), empty for the drawing library's choice.
    """

    field: str
    title: str
    kind: AxisKind = AxisKind.NUMBER
    log: bool = False
    format: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """One picture. title: what it shows, also for those who cannot see it.

    band: fields of the lower and upper end beside the value (LINES, INTERVALS). faint: the value of
    ``colour`` that is drawn like the grid, such as what is left over.
    """

    shape: Shape
    title: str
    rows: tuple[Mapping[str, object], ...]
    x: Axis
    y: Axis
    colour: Axis | None = None
    band: tuple[str, str] | None = None
    faint: str = ""
