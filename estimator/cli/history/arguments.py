"""What the commands on job records take."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from estimator.cli.common import CommonArguments, option

_history = partial(option, panel="history")
_output = partial(option, panel="output")

Format = Literal[
    "table",
    "records",
    "slurm",
    "kubernetes",
    "philly",
    "philly-csv",
    "helios",
    "acme",
    "pai",
    "openb",
    "eagle",
    "paddle-log",
]


@dataclass(frozen=True, kw_only=True)
class StoreArguments(CommonArguments):
    """Which store is meant, and in which form the answer comes."""

    store: Annotated[str | None, _history("--store", "URL")] = None
    json: Annotated[bool, _output("--json")] = False


@dataclass(frozen=True, kw_only=True)
class ImportArguments(StoreArguments):
    """``paddle-estimate history import FILE...``."""

    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="help.import_files", rich_help_panel="panel.history"
        ),
    ]
    format: Annotated[Format, _history("--format", "NAME")] = "table"
    map: Annotated[list[str], _history("--map", "FIELD=COLUMN[:UNIT]")] = field(
        default_factory=list
    )
    set: Annotated[list[str], _history("--set", "FIELD=VALUE")] = field(default_factory=list)
    estimate_id: Annotated[
        str | None,
        typer.Option(
            "--estimate-id",
            metavar="ID",
            help="help.import_estimate_id",
            rich_help_panel="panel.history",
        ),
    ] = None
    encoding: Annotated[str | None, _history("--encoding", "NAME")] = None
    prometheus: Annotated[str | None, _history("--prometheus", "URL")] = None
    follow: Annotated[
        bool, typer.Option("--follow", help="help.follow", rich_help_panel="panel.history")
    ] = False


@dataclass(frozen=True, kw_only=True)
class AddArguments(StoreArguments):
    """``paddle-estimate history add``."""

    set: Annotated[list[str], _history("--set", "FIELD=VALUE")] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class SelectionArguments(StoreArguments):
    """Which records are meant."""

    where: Annotated[list[str], _history("--where", "FIELD=VALUE")] = field(default_factory=list)
    since: Annotated[str | None, _history("--since", "DATE")] = None
    before: Annotated[str | None, _history("--before", "DATE")] = None


@dataclass(frozen=True, kw_only=True)
class ListArguments(SelectionArguments):
    """``paddle-estimate history list``."""

    limit: Annotated[int, _history("--limit", "N", min=1)] = 20


@dataclass(frozen=True, kw_only=True)
class StatsArguments(SelectionArguments):
    """``paddle-estimate history stats``."""

    by: Annotated[str, _history("--by", "FIELD")] = "template"


@dataclass(frozen=True, kw_only=True)
class ShowArguments(StoreArguments):
    """``paddle-estimate history show ID``."""

    identifier: Annotated[
        str,
        typer.Argument(metavar="ID", help="help.record_id", rich_help_panel="panel.history"),
    ]


@dataclass(frozen=True, kw_only=True)
class ExportArguments(StoreArguments):
    """``paddle-estimate history export``."""

    out: Annotated[Path | None, _output("--out", "FILE")] = None


@dataclass(frozen=True, kw_only=True)
class PruneArguments(SelectionArguments):
    """``paddle-estimate history prune``."""

    id: Annotated[list[str], _history("--id", "ID")] = field(default_factory=list)
