"""Pictures of one estimate."""

from __future__ import annotations

from estimator.charts.answer import BatchPoint, batch_curve, memory_bar, share_bars
from estimator.charts.draw import to_svg, to_vega_lite
from estimator.charts.style import FAINT, PALETTE


def test_a_memory_bar_leaves_out_what_is_nothing_and_draws_what_is_free_faintly():
    chart = memory_bar("Memory", "GiB", {"a": 1.0, "b": 0.0, "c": 2.5, "free": 12.5}, "free")
    assert [row["kind"] for row in chart.rows] == ["a", "c", "free"]
    scale = to_vega_lite(chart)["encoding"]["color"]["scale"]
    assert scale == {"domain": ["a", "c", "free"], "range": [PALETTE[0], PALETTE[1], FAINT]}
    assert to_svg(chart).startswith('<svg role="img" aria-label="Memory"')


def test_a_curve_needs_two_points():
    one, two = BatchPoint(8, 2.0, 1.5, 3.0), BatchPoint(16, 4.0, 3.0, 6.0)
    assert batch_curve("t", "batch", "GiB", [one]) is None
    chart = batch_curve("t", "batch", "GiB", [one, two])
    assert chart.rows[1] == {"batch": 16, "target": 4.0, "lower": 3.0, "upper": 6.0}
    assert "path" in to_svg(chart)


def test_shares_are_bars_in_the_order_given():
    chart = share_bars("Time", "share", {"convolution": 0.7, "attention": 0.3})
    assert chart.rows == (
        {"kind": "convolution", "share": 0.7},
        {"kind": "attention", "share": 0.3},
    )
    encoding = to_vega_lite(chart)["encoding"]
    assert encoding["x"]["axis"] == {"format": ".0%"}
    assert encoding["y"]["sort"] == ["convolution", "attention"]
    assert "70%" in to_svg(chart)
