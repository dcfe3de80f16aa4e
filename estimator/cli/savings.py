"""``paddle-estimate explain MODEL``: what takes the memory, and what would save some."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from estimator.cli.arguments import EstimateArguments
from estimator.cli.console import error_console, output_console
from estimator.cli.elsewhere import require_here
from estimator.cli.figures import NONE
from estimator.cli.output import check_writable, write_document
from estimator.cli.parsing import to_options
from estimator.cli.phases import phase_lines
from estimator.cli.progress import TerminalProgress
from estimator.cli.session import Session
from estimator.messages import Say, localise
from estimator.savings.types import Saving, Savings
from estimator.units import format_bytes
from estimator.values import Missing


def run(session: Session, arguments: EstimateArguments) -> int:
    """Print the table, or with --json or --out one document."""
    from estimator.savings.explain import explain

    require_here(arguments)
    check_writable(arguments.out)
    options = to_options(arguments, session.language)
    with TerminalProgress(error_console(), session) as progress:
        savings = localise(explain(options, progress), session.language)
    if arguments.json or arguments.out is not None:
        from estimator.document.savings import to_savings_document

        text = to_savings_document(savings).model_dump_json(indent=2) + "\n"
        write_document(text, arguments.out)
    if not arguments.json:
        output_console().print(report(savings, session.say))
    return 0


def report(savings: Savings, say: Say) -> Group:
    """The asked way in a few lines, then a table of all others."""
    notes = (*savings.report.assumptions, *savings.notes, *_failures(savings))
    return Group(
        *_asked(savings, say),
        _table(savings, say),
        *(Text(f"- {note}") for note in notes),
    )


def _asked(savings: Savings, say: Say) -> list[RenderableType]:
    measured = savings.report.measurements[0]
    lines = [
        say(
            "savings.asked",
            model=savings.report.model.name,
            batch=measured.per_device_batch_size,
            precision=measured.precision.label,
            optimizer=savings.report.optimizer,
            allocated=format_bytes(measured.peak_allocated_bytes),
        )
    ]
    shares = savings.shares
    if isinstance(shares, Missing):
        lines.append(say("savings.no_shares", why=shares.reason))
    else:
        lines.append(
            say(
                "savings.shares",
                fixed=format_bytes(shares.fixed),
                per_sample=format_bytes(shares.per_sample),
                one=shares.batch_size,
                other=shares.other_batch_size,
            )
        )
    return [Text(line) for line in (*lines, *phase_lines(savings.report, say))]


def _table(savings: Savings, say: Say) -> Table:
    table = Table(
        title=say("savings.title", gpu=savings.gpu),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column(say("savings.way"), overflow="fold")
    for head in ("memory", "saving", "largest"):
        table.add_column(say(f"savings.{head}"), justify="right")
    asked = format_bytes(savings.memory.device_memory.target)
    table.add_row(say("savings.as_asked"), asked, NONE, str(savings.largest_batch_size))
    for row in savings.rows:
        table.add_row(*_cells(row, savings.memory.device_memory.target))
    return table


def _cells(row: Saving, asked: int) -> tuple[str, str, str, str]:
    if isinstance(row.memory, Missing) or isinstance(row.saving, Missing):
        return row.flags, NONE, NONE, NONE
    largest = NONE if isinstance(row.largest_batch_size, Missing) else str(row.largest_batch_size)
    saving = f"{format_bytes(row.saving)} ({row.saving / asked:.0%})"
    return row.flags, format_bytes(row.memory.device_memory.target), saving, largest


def _failures(savings: Savings) -> list[str]:
    """Why rows have no numbers."""
    return [
        f"{row.flags}: {row.memory.reason}"
        for row in savings.rows
        if isinstance(row.memory, Missing)
    ]
