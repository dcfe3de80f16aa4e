"""Pictures: described as plain data, drawn once for page, report and notebooks.

A :class:`Chart` says what is shown; :func:`to_vega_lite` and :func:`to_svg` draw it.
"""

from estimator.charts.draw import to_svg, to_vega_lite
from estimator.charts.types import Axis, AxisKind, Chart, Shape

__all__ = ["Axis", "AxisKind", "Chart", "Shape", "to_svg", "to_vega_lite"]
