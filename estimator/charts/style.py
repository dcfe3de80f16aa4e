"""How all pictures look: one palette that colour-blind people can tell apart, one configuration."""

from __future__ import annotations

from typing import Any

PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c8c8c", "#b8a500")
"""Okabe and Ito's colours (jfly.uni-koeln.de/color), black and pale yellow replaced."""

INK, FAINT = "#24292f", "#d8dee4"
FONT = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
WIDTH, ROW_HEIGHT, HEIGHT = 560, 22, 220
"""Pixels: of a plot, of one bar, and of a plot without bars."""

CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 18, "right": 12, "top": 5, "bottom": 5},
    "font": FONT,
    "view": {"stroke": None},
    "range": {"category": list(PALETTE), "heatmap": ["#f3f8fc", "#0072b2"]},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": FAINT,
        "domainColor": FAINT,
        "tickColor": FAINT,
        "labelLimit": 220,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
    },
    "axisX": {"labelAngle": 0},
    "legend": {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "orient": "bottom",
        "columns": 4,
        "labelLimit": 220,
        "columnPadding": 24,
    },
}

NARROW_WIDTH = 230
"""Pixels of a plot that with its axis fits a window of 360."""

NARROW_CONFIG: dict[str, Any] = {**CONFIG, "legend": {**CONFIG["legend"], "columns": 2}}
