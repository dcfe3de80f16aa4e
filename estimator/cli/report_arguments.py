"""What ``paddle-estimate report`` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from estimator.cli.common import CommonArguments, option
from estimator.cli.history.arguments import Format

_report = partial(option, panel="report")
_history = partial(option, panel="history")
_output = partial(option, panel="output")


@dataclass(frozen=True, kw_only=True)
class ReportArguments(CommonArguments):
    """``paddle-estimate report [STORE|FILE...]``."""

    jobs: Annotated[
        list[str],
        typer.Argument(
            metavar="[STORE|FILE...]", help="help.report_jobs", rich_help_panel="panel.history"
        ),
    ] = field(default_factory=list)
    format: Annotated[Format, _history("--format", "NAME")] = "table"
    map: Annotated[list[str], _history("--map", "FIELD=COLUMN[:UNIT]")] = field(
        default_factory=list
    )
    set: Annotated[list[str], _history("--set", "FIELD=VALUE")] = field(default_factory=list)
    encoding: Annotated[str | None, _history("--encoding", "NAME")] = None
    cluster: Annotated[Path | None, _report("--cluster", "FILE")] = None
    section: Annotated[list[str], _report("--section", "NAME")] = field(default_factory=list)
    since: Annotated[str | None, _report("--since", "DATE", text="report_since")] = None
    before: Annotated[str | None, _report("--before", "DATE", text="report_before")] = None
    compare: Annotated[str | None, _report("--compare", "DATE")] = None
    by: Annotated[
        Literal["team", "template", "user", "gpu", "queue"],
        _report("--by", "team|template|user|gpu|queue", text="report_by"),
    ] = "team"
    what_if: Annotated[list[str], _report("--what-if", "CHANGE")] = field(default_factory=list)
    timezone: Annotated[str, _report("--timezone", "NAME")] = "UTC"
    out: Annotated[Path | None, _output("--out", "FILE", text="report_out")] = None
    tables: Annotated[Literal["csv", "parquet"], _output("--tables", "csv|parquet")] = "csv"
    json: Annotated[bool, _output("--json")] = False
