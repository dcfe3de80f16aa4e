"""Charts as Vega-Lite, through Altair, and as SVG."""

from __future__ import annotations

import itertools
import re
from hashlib import blake2b
from typing import Any
from xml.sax.saxutils import quoteattr

from estimator.charts.style import (
    CONFIG,
    FAINT,
    HEIGHT,
    INK,
    NARROW_CONFIG,
    NARROW_WIDTH,
    PALETTE,
    ROW_HEIGHT,
    WIDTH,
)
from estimator.charts.types import Axis, AxisKind, Chart, Shape

_BAND_OPACITY = 0.25


def to_vega_lite(chart: Chart, *, narrow: bool = False) -> dict[str, Any]:
    """The Vega-Lite specification, self-contained. narrow: for a telephone."""
    drawn = _DRAWN[chart.shape](chart)
    width, config = (NARROW_WIDTH, NARROW_CONFIG) if narrow else (WIDTH, CONFIG)
    specification: dict[str, Any] = drawn.properties(width=width, height=_height(chart)).to_dict()
    return {**specification, "config": config, "description": str(chart.title)}


def to_svg(chart: Chart, *, narrow: bool = False) -> str:
    """The picture as an ``<svg>`` element to stand in a page; scales down with its column.

    narrow: with letters of the same size on less than half the width. Names inside are made unlike
    those of any other picture, so that many can share one page.
    """
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(to_vega_lite(chart, narrow=narrow))
    mark = f"p{blake2b(svg.encode(), digest_size=6).hexdigest()}"
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{mark}\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{mark}\1)", svg)
    svg = re.sub(r'#([\w-]+)"(?=[^>]*xlink)', rf'#{mark}\1"', svg)
    width = re.search(r'width="(\d+(?:\.\d+)?)"', svg)
    style = f"max-width:100%;height:auto;width:{width[1] if width else WIDTH}px"
    opening = f"<svg role=\"img\" aria-label={quoteattr(str(chart.title))} style='{style}'"
    svg = re.sub(r"<svg\b", lambda _: opening, svg, count=1)
    return re.sub(r'(<svg[^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg, count=1)


def _height(chart: Chart) -> int:
    if chart.shape in (Shape.LINES, Shape.AREAS):
        return HEIGHT
    return max(1, len({row[chart.y.field] for row in chart.rows})) * ROW_HEIGHT


def _bars(chart: Chart) -> Any:
    return _base(chart).mark_bar(color=PALETTE[0]).encode(x=_x(chart), y=_y(chart))


def _stack(chart: Chart) -> Any:
    import altair as alt

    pieces: dict[str, Any] = {"color": _colour(chart)}
    if chart.colour:
        pieces["order"] = alt.Order("_place:Q")
    return _base(chart).mark_bar().encode(x=_x(chart), y=_y(chart), **pieces)


def _lines(chart: Chart) -> Any:
    import altair as alt

    several = {"color": _colour(chart)} if chart.colour else {}
    base = _base(chart).encode(x=_x(chart), **several)
    fixed = {} if chart.colour else {"color": PALETTE[0]}
    line = base.mark_line(**fixed).encode(y=_y(chart))
    if chart.band is None:
        return line
    low, high = (alt.Y(field, type="quantitative") for field in chart.band)
    band = base.mark_area(opacity=_BAND_OPACITY, **fixed).encode(
        y=low.title(str(chart.y.title)), y2=alt.Y2(high.shorthand)
    )
    return band + line


def _areas(chart: Chart) -> Any:
    import altair as alt

    area = _base(chart).mark_area(interpolate="step-after")
    stacked = {"color": _colour(chart), "order": alt.Order("_place:Q")}
    return area.encode(x=_x(chart), y=_y(chart).stack("zero"), **stacked)


def _intervals(chart: Chart) -> Any:
    import altair as alt

    if chart.band is None:
        raise ValueError("a chart of intervals needs a band")
    base = _base(chart).encode(y=_y(chart))
    low, high = chart.band
    rule = base.mark_rule(color=INK).encode(x=_channel(alt.X, chart.x, low), x2=alt.X2(high))
    return rule + base.mark_point(filled=True, size=60, color=PALETTE[0]).encode(x=_x(chart))


def _heat(chart: Chart) -> Any:
    import altair as alt

    if chart.colour is None:
        raise ValueError("a heat map needs a colour")
    colour = alt.Color(chart.colour.field, type="quantitative", title=str(chart.colour.title))
    return _base(chart).mark_rect().encode(x=_x(chart), y=_y(chart), color=colour)


_DRAWN = {
    Shape.BARS: _bars,
    Shape.STACK: _stack,
    Shape.LINES: _lines,
    Shape.AREAS: _areas,
    Shape.INTERVALS: _intervals,
    Shape.HEAT: _heat,
}


def _base(chart: Chart) -> Any:
    import altair as alt

    order = _distinct(chart, chart.colour) if chart.colour else []
    place = {name: at for at, name in enumerate(order)}
    rows = [
        {**row, "_place": place.get(row[chart.colour.field], 0)} if chart.colour else dict(row)
        for row in chart.rows
    ]
    return alt.Chart(alt.Data(values=rows))


def _x(chart: Chart) -> Any:
    import altair as alt

    return _channel(alt.X, chart.x, chart.x.field, _distinct(chart, chart.x))


def _y(chart: Chart) -> Any:
    import altair as alt

    return _channel(alt.Y, chart.y, chart.y.field, _distinct(chart, chart.y))


def _channel(make: Any, axis: Axis, field: str, order: list[Any] | None = None) -> Any:
    """A position; names and steps in the order in which the rows have them."""
    more: dict[str, Any] = {}
    if axis.kind in (AxisKind.NAME, AxisKind.STEP):
        more["sort"] = order
    if axis.log:
        more["scale"] = {"type": "log"}
    if axis.kind is AxisKind.TIME:
        # or else the picture would depend on the time zone of the machine that draws it
        more["scale"] = {"type": "utc"}
    if axis.format:
        more["axis"] = {"format": axis.format}
    if axis.kind is AxisKind.TIME:
        crowded = {"labelOverlap": "greedy", "labelSeparation": 8}
        more["axis"] = {**more.get("axis", {}), **crowded}
    return make(_escaped(field), type=axis.kind.value, title=str(axis.title) or None, **more)


def _colour(chart: Chart) -> Any:
    import altair as alt

    if chart.colour is None:
        raise ValueError(f"a chart of shape {chart.shape} needs a colour")
    order = _distinct(chart, chart.colour)
    more = {"scale": _with_faint(order, chart.faint)} if chart.faint in order else {}
    return alt.Color(
        chart.colour.field,
        type="nominal",
        title=str(chart.colour.title) or None,
        sort=order,
        **more,
    )


def _with_faint(order: list[Any], faint: str) -> dict[str, Any]:
    """Colours by name: one is that of the grid, the others are the palette's."""
    others = itertools.cycle(PALETTE)
    return {"domain": order, "range": [FAINT if one == faint else next(others) for one in order]}


def _distinct(chart: Chart, axis: Axis) -> list[Any]:
    return list(dict.fromkeys(row[axis.field] for row in chart.rows))


def _escaped(field: str) -> str:
    return field.replace(".", "\\.").replace(":", "\\:")
