"""Pictures: valid Vega-Lite, and SVG that can stand beside other SVG in one page."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from estimator.charts import Axis, AxisKind, Chart, Shape, to_svg, to_vega_lite

NAME = Axis("name", "GPU type", AxisKind.NAME)
VALUE = Axis("value", "step time (s)")
ROWS = (
    {"name": "T4", "value": 3.0, "low": 2.0, "high": 5.0, "kind": "parameters"},
    {"name": "A10", "value": 2.0, "low": 1.0, "high": 4.0, "kind": "gradients"},
)
KIND = Axis("kind", "kind", AxisKind.NAME)
WEEKS = tuple(
    {"at": f"2026-01-0{day}", "value": day * 1.0, "low": 0.5, "high": day * 2.0, "kind": kind}
    for kind in ("a", "b")
    for day in (1, 2, 3)
)
TIME = Axis("at", "day", AxisKind.TIME)

CHARTS = {
    "bars": Chart(Shape.BARS, "bars <&\"'>", ROWS, VALUE, NAME),
    "stack": Chart(Shape.STACK, "stack", ROWS, VALUE, NAME, KIND),
    "intervals": Chart(Shape.INTERVALS, "intervals", ROWS, VALUE, NAME, band=("low", "high")),
    "lines": Chart(Shape.LINES, "lines", WEEKS, TIME, VALUE, KIND, ("low", "high")),
    "one line": Chart(Shape.LINES, "line", WEEKS[:3], TIME, VALUE),
    "areas": Chart(Shape.AREAS, "areas", WEEKS, Axis("low", "launch"), VALUE, KIND),
    "heat": Chart(Shape.HEAT, "heat", WEEKS, TIME, KIND, VALUE),
    "empty": Chart(Shape.BARS, "nothing", (), VALUE, NAME),
    "log": Chart(Shape.BARS, "log", ROWS, Axis("value", "s", log=True, format="~s"), NAME),
}


@pytest.mark.parametrize("name", CHARTS)
def test_every_shape_becomes_svg_with_its_title_for_those_who_cannot_see(name: str) -> None:
    svg = ET.fromstring(to_svg(CHARTS[name]))
    assert svg.get("aria-label") == CHARTS[name].title
    assert svg.get("role") == "img"
    assert svg.get("viewBox")
    assert "max-width:100%" in svg.get("style", "")
    assert svg.get("width") is None


def test_names_and_kinds_stay_in_the_order_of_the_rows() -> None:
    encoding = to_vega_lite(CHARTS["stack"])["encoding"]
    assert encoding["y"]["sort"] == ["T4", "A10"]
    assert encoding["color"]["sort"] == ["parameters", "gradients"]


def test_a_band_lies_between_its_two_fields() -> None:
    band, line = to_vega_lite(CHARTS["lines"])["layer"]
    assert (band["encoding"]["y"]["field"], band["encoding"]["y2"]["field"]) == ("low", "high")
    assert line["encoding"]["y"]["field"] == "value"


def test_ids_within_two_pictures_are_never_the_same() -> None:
    ids = [
        {e.get("id") for e in ET.fromstring(to_svg(CHARTS[name])).iter() if e.get("id")}
        for name in ("lines", "heat", "stack", "intervals")
    ]
    assert not set.intersection(*ids)


@pytest.mark.parametrize("shape", [Shape.STACK, Shape.HEAT, Shape.INTERVALS])
def test_a_shape_without_what_it_needs_is_an_error(shape: Shape) -> None:
    with pytest.raises(ValueError, match="needs"):
        to_vega_lite(Chart(shape, "x", ROWS, VALUE, NAME))


def test_a_narrow_picture_is_drawn_narrow_and_not_scaled() -> None:
    assert to_vega_lite(CHARTS["stack"], narrow=True)["width"] == 230
    assert to_vega_lite(CHARTS["stack"], narrow=True)["config"]["legend"]["columns"] == 2
