"""Values of a report as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from estimator.messages import sentence
from estimator.report.types import Cell, Figure, Unit
from estimator.units import format_bytes, format_duration, format_number
from estimator.values import Missing

NOTHING = "–"
"""Where a value is not known."""


def words(value: Cell | Missing, unit: Unit, currency: str = "") -> str:
    """A value with its unit, where people would write one."""
    if value is None or isinstance(value, Missing):
        return NOTHING
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}".strip()
    if isinstance(value, str):
        return value
    return _number(float(value), unit, currency)


def _number(value: float, unit: Unit, currency: str) -> str:
    if unit is Unit.SHARE:
        return f"{value:.1%}" if abs(value) < 10 else f"{value * 100:,.0f}%"
    if unit is Unit.SECONDS:
        sign = "-" if value < 0 else ""
        return "0 s" if value == 0 else f"{sign}{format_duration(abs(value))}"
    if unit is Unit.BYTES:
        return format_bytes(round(value))
    if unit is Unit.MONEY:
        return f"{value:,.{0 if abs(value) >= 1000 else 2}f} {currency}".strip()
    if unit is Unit.RATIO:
        return f"{value:,.2f}"
    if unit is Unit.COUNT and value == int(value):
        return f"{int(value):,}"
    return format_number(value)


UNITS = {Unit.GPU_HOURS: sentence("GPU-hours"), Unit.GIB_HOURS: sentence("GiB-hours")}
"""Units that people read behind a value, in words."""


def figure_words(figure: Figure, currency: str, units: Mapping[Unit, str]) -> str:
    """The value of a figure with its unit behind it. units: UNITS in the reader's language."""
    said = words(figure.value, figure.unit, currency)
    if figure.unit in units and said != NOTHING:
        return f"{said} {units[figure.unit]}"
    return said


def is_number(unit: Unit) -> bool:
    """Whether values of this unit stand right-aligned."""
    return unit not in (Unit.TEXT, Unit.LONG, Unit.DIFF, Unit.MOMENT)
