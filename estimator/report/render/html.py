"""A report as one HTML file that needs nothing else: styles and pictures are within it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from estimator.charts import to_svg
from estimator.charts.types import Chart
from estimator.errors import BadInput
from estimator.messages import Language, localise, sentence, speaker
from estimator.report.render.words import NOTHING, UNITS, figure_words, is_number, words
from estimator.report.types import Column, Report, Table, Unit
from estimator.values import Missing

SHOWN_ROWS = 20
"""Rows of a table in the page; all of them are in the files beside it."""

_HERE = Path(__file__).parent


def to_html(report: Report, language: Language) -> str:
    """The page. Raises BadInput where the extra ``report`` is not installed."""
    try:
        import jinja2
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise BadInput(
            sentence("{name} is not installed", name=error.name or ""),
            hint="pip install 'paddle-estimate[report]'",
        ) from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    said, units = localise(report, language), localise(UNITS, language)
    zone = ZoneInfo(report.zone)
    page: str = environment.get_template("page.html.j2").render(
        report=said,
        language=language.value,
        say=speaker(language),
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        picture=_picture,
        cell=lambda value, column: words(_local(value, zone), column.unit),
        figure=lambda one: figure_words(one, said.currency, units),
        words=lambda value, unit: words(_local(value, zone), unit, said.currency),
        head=lambda column: _head(column, said.currency),
        is_number=lambda column: is_number(column.unit),
        shown=lambda table: table.rows[:SHOWN_ROWS],
        rest=lambda table: max(0, len(table.rows) - SHOWN_ROWS),
        flat=_flat,
        below=_below,
        missing=lambda value: isinstance(value, Missing),
        nothing=NOTHING,
    )
    return page


def _picture(chart: Chart) -> Any:
    from markupsafe import Markup

    return Markup(to_svg(chart)) if chart.rows else ""  # vl-convert escapes what it draws


def _head(column: Column, currency: str) -> str:
    """A column's title, with the unit that its cells leave out."""
    left_out = {Unit.GIB_HOURS: "GiB·h", Unit.MONEY: currency}.get(column.unit, "")
    return f"{column.title} ({left_out})" if left_out else str(column.title)


def _local(value: Any, zone: ZoneInfo) -> Any:
    return value.astimezone(zone) if isinstance(value, datetime) else value


def _flat(table: Table) -> list[Any]:
    """The columns that stand side by side; those that nothing is known of are left to the files."""
    return [
        (at, column)
        for at, column in enumerate(table.columns)
        if column.unit not in _BELOW and any(row[at] is not None for row in table.rows)
    ]


def _below(table: Table) -> list[Any]:
    """The columns that need lines of their own."""
    return [(at, column) for at, column in enumerate(table.columns) if column.unit in _BELOW]


_BELOW = (Unit.LONG, Unit.DIFF)
