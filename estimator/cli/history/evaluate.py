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

_WAYS = (
    "time_ordered",
    "time_ordered_at_submission",
    "leave_template_out",
    "leave_gpu_type_out",
)


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
    if "rules" in one:
        yield _rules(one["rules"], say)


def _table(one: dict[str, Any], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(say("evaluate.how"))
    for name in ("jobs", "covered", "templates", "width", "error"):
        table.add_column(say(f"evaluate.{name}"), justify="right")
    for way in _WAYS:
        if one[way] is not None:
            table.add_row(say(f"evaluate.{way}"), *_cells(one[way]))
    return table


def _cells(summed: dict[str, Any]) -> tuple[str, ...]:
    templates, short = summed["templates_of_100_jobs"], summed["templates_short_by_a_point"]
    return (
        f"{summed['jobs']:,}",
        " / ".join(f"{100 * share:.1f}" for share in summed["coverage"].values()),
        f"{'/'.join(map(str, short.values()))} of {templates}" if templates else "-",
        f"{summed['width_over_actual']['0.95']:.2f}",
        f"{summed['median_error_alone']:.1%} / {summed['median_error_corrected']:.1%}",
    )


def _rules(rules: dict[str, Any], say: Say) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("rule", "under", "allocated"):
        table.add_column(say(f"replay.{heading}"), justify="left" if heading == "rule" else "right")
    for name, result in rules.items():
        under, allocated = result["under_rate"], result["allocated_over_requested"]
        table.add_row(name, f"{under:.2%}", f"{allocated:.3f}")
    return table
