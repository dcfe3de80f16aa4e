"""``paddle-estimate history evaluate``: how good the bounds are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from estimator.cli.arguments import HistoryLearnArguments
from estimator.cli.console import output_console
from estimator.cli.history.jobs import jobs_of
from estimator.cli.output import write_stdout
from estimator.cli.session import Session
from estimator.learning.report import evaluation
from estimator.messages import Say
from estimator.records.types import Target
from estimator.units import format_bytes

_WAYS = (
    "time_ordered",
    "time_ordered_at_submission",
    "leave_template_out",
    "leave_gpu_type_out",
)
MOST_SHOWN = 20
"""Templates in the table; ``--json`` has all of them."""


def run(session: Session, arguments: HistoryLearnArguments) -> int:
    """Evaluate on jobs that were not known; a table for each target, or one JSON document."""
    found = evaluation(jobs_of(arguments))
    if arguments.json:
        document = {"schema_version": 1, "targets": found}
        write_stdout(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        output_console().print(Group(*(part for one in found for part in _shown(one, session.say))))
    return 0


def _shown(one: dict[str, Any], say: Say) -> Iterator[Text | Table]:
    title = say(
        "evaluate.title",
        target=one["target"],
        basis=one["held_against"],
        jobs=f"{one['jobs']:,}",
        killed=f"{one['killed']:,}",
    )
    yield Text(title, style="bold")
    yield _table(one, say)
    fan_outs = one["fan_outs_at_submission"]
    if fan_outs["fan_outs"]:
        count, largest = f"{fan_outs['fan_outs']:,}", f"{fan_outs['jobs_of_largest']:,}"
        shares = _percents(fan_outs["coverage"])
        yield Text(say("evaluate.fan_outs", count=count, largest=largest, shares=shares))
    if one["time_ordered"] and one["time_ordered"]["templates"]:
        yield from _by_template(one["time_ordered"]["templates"], one["target"], say)
    if "rules" in one:
        yield _rules(one["rules"], say)


def _table(one: dict[str, Any], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say("evaluate.how"))
    for name in ("jobs", "covered", "below", "templates", "by_unit", "width", "error"):
        table.add_column(say(f"evaluate.{name}"), justify="right")
    for way in _WAYS:
        if one[way] is not None:
            table.add_row(say(f"evaluate.{way}"), *_cells(one[way]))
    return table


def _cells(summed: dict[str, Any]) -> tuple[str, ...]:
    templates, *counts = (
        summed[f"templates_{what}"]
        for what in (
            "of_100_jobs",
            "short_by_a_point",
            "short_beyond_chance",
            "within_a_point_by_unit",
        )
    )
    short, beyond, within = map(_counts, counts)
    return (
        f"{summed['jobs']:,}",
        _percents(summed["coverage"]),
        _percents(summed["coverage_strictly_below"]),
        f"{short} ({beyond}) of {templates}" if templates else "-",
        within if templates else "-",
        f"{summed['width_over_actual']['0.95']:.2f}",
        f"{summed['median_error_alone']:.1%} / {summed['median_error_corrected']:.1%}",
    )


def _percents(by_level: dict[str, float]) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in by_level.values())


def _counts(by_level: dict[str, int]) -> str:
    return "/".join(map(str, by_level.values()))


def _by_template(templates: list[dict[str, Any]], target: str, say: Say) -> Iterator[Text | Table]:
    shown = templates[:MOST_SHOWN]
    yield Text(say("evaluate.by_template", shown=len(shown), count=len(templates)))
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say("evaluate.template"), overflow="fold")
    for name in ("jobs", "unit", "covered", "below", "interval"):
        table.add_column(say(f"evaluate.{name}"), justify="right")
    for one in shown:
        table.add_row(
            " ".join(filter(None, (one["template"], one["model"]))) or "-",
            f"{one['jobs']:,}",
            _amount(one["unit"], target),
            _percents(one["coverage"]),
            _percents(one["coverage_strictly_below"]),
            " / ".join(
                f"{100 * a:.1f}-{100 * b:.1f}" for a, b in one["coverage_interval"].values()
            ),
        )
    yield table


def _amount(unit: float | None, target: str) -> str:
    """A unit of ``coverage.UNITS`` in words; '-' where there is none."""
    if unit is None:
        return "-"
    of_time = target in (Target.DURATION, Target.STEP_TIME)
    return f"{unit:g} s" if of_time else format_bytes(round(unit))


def _rules(rules: dict[str, Any], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("rule", "under", "allocated"):
        table.add_column(say(f"replay.{heading}"), justify="left" if heading == "rule" else "right")
    for name, result in rules.items():
        under, allocated = result["under_rate"], result["allocated_over_requested"]
        table.add_row(name, f"{under:.2%}", f"{allocated:.3f}")
    return table
