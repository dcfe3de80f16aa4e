"""The page of ``--timeline``: memory by kind over a training step, and its time by class of kernel.

Self-contained: nothing is loaded and no script runs. Needs the extra ``report`` to draw.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from html import escape
from itertools import groupby

from estimator.charts import Axis, AxisKind, Chart, Shape, to_svg
from estimator.charts.style import FAINT, FONT, INK
from estimator.document.kerneltime import time_chart
from estimator.drystep.measurement import Phase, StepMeasurement, Timeline
from estimator.drystep.timeline import KINDS
from estimator.messages import Language, Say
from estimator.plan.types import Recommendation
from estimator.result import EstimateResult
from estimator.units import MIB, format_bytes
from estimator.values import Missing

_STYLE = f"""body {{ font-family: {FONT}; color: {INK}; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }}
figure {{ margin: 0; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ border-bottom: 1px solid {FAINT}; padding: 0.3rem 0.7rem; text-align: right; }}
th:first-child, td:first-child {{ text-align: left; }}"""


def timeline_page(result: EstimateResult, timeline: Timeline, say: Say, language: Language) -> str:
    """The whole page as HTML. ``timeline`` is that of the result's own step."""
    measured = result.report.measurements[0]
    title = say("timeline.title", model=result.report.model.name)
    return f"""<!DOCTYPE html>
<html lang="{language.value}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{escape(_about(measured, result.report.optimizer, say))}</p>
<figure>{to_svg(timeline_chart(timeline, say))}</figure>
<h2>{escape(say("timeline.table"))}</h2>
{_table(timeline, say)}
<p>{escape(_thinned(timeline, say))}</p>
{_time(result, say)}
<script type="application/json" id="timeline">{_data(timeline)}</script>
</body>
</html>
"""


def timeline_chart(timeline: Timeline, say: Say) -> Chart:
    """Areas of kinds, the lasting ones at the bottom."""
    rows = tuple(
        {"launch": launch, "memory": held / MIB, "kind": say(f"kind.{kind}")}
        for kind in KINDS
        for launch, held in zip(timeline.launches, timeline.bytes_by_kind[kind], strict=True)
    )
    return Chart(
        Shape.AREAS,
        say("timeline.chart"),
        rows,
        Axis("launch", say("timeline.launch")),
        Axis("memory", say("timeline.memory")),
        Axis("kind", "", AxisKind.NAME),
    )


def _about(measured: StepMeasurement, optimizer: str, say: Say) -> str:
    return say(
        "timeline.about",
        batch=measured.per_device_batch_size,
        precision=measured.precision.label,
        optimizer=optimizer,
        peak=format_bytes(measured.peak_allocated_bytes),
    )


def _thinned(timeline: Timeline, say: Say) -> str:
    return say("timeline.thinned", kept=len(timeline.launches), count=timeline.launch_count)


def _time(result: EstimateResult, say: Say) -> str:
    """The section on time, of the GPU type of the plan; empty where nothing is known of it."""
    outcome = result.outcome
    plan = outcome.plan if isinstance(outcome, Recommendation) else outcome.nearest
    row = next(row for row in result.gpus if row.gpu.name == plan.gpu)
    if isinstance(row.step_time, Missing):
        return ""
    chart = time_chart(plan.gpu, row.memory.per_device_batch_size, row.step_time.share, say)
    if chart is None:
        return ""
    heads = _line("th", [say("result.kernels"), say("chart.time_share")])
    lines = [_line("td", [str(one["kind"]), f"{one['share']:.1%}"]) for one in chart.rows]
    return f"""<h2>{escape(chart.title)}</h2>
<figure>{to_svg(chart)}</figure>
{_table_of([heads, *lines])}
<p>{escape(say("chart.time_note"))}</p>"""


def _table(timeline: Timeline, say: Say) -> str:
    heads = [
        say("timeline.part"),
        say("timeline.launches"),
        say("timeline.peak_launch"),
        say("timeline.allocated"),
        *(say(f"kind.{kind}") for kind in KINDS),
    ]
    lines = [_line("th", heads), *(_line("td", cells) for cells in _rows(timeline, say))]
    return _table_of(lines)


def _table_of(lines: Sequence[str]) -> str:
    return '<div tabindex="0">\n<table>\n' + "\n".join(lines) + "\n</table>\n</div>"


def _rows(timeline: Timeline, say: Say) -> Iterator[list[str]]:
    """Of each run of launches in one part of the step, the moment with the most."""
    totals = [sum(held) for held in zip(*timeline.bytes_by_kind.values(), strict=True)]
    for part, moments in _stretches(timeline.parts):
        most = max(moments, key=totals.__getitem__)
        yield [
            say(f"phase.{part.value}"),
            f"{timeline.launches[moments[0]]} - {timeline.launches[moments[-1]]}",
            str(timeline.launches[most]),
            format_bytes(totals[most]),
            *(format_bytes(timeline.bytes_by_kind[kind][most]) for kind in KINDS),
        ]


def _stretches(parts: Sequence[Phase]) -> Iterator[tuple[Phase, list[int]]]:
    for part, moments in groupby(range(len(parts)), key=parts.__getitem__):
        yield part, list(moments)


def _line(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"


def _data(timeline: Timeline) -> str:
    """JSON that cannot end the element it stands in."""
    return json.dumps(asdict(timeline)).replace("<", "\\u003c")
