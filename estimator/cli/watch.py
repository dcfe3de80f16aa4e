"""``paddle-estimate watch -- COMMAND``: run it, and remember what happened."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from estimator.cli.common import CommonArguments
from estimator.cli.failures import describe
from estimator.cli.session import Session
from estimator.errors import BadInput

ESTIMATE_VARIABLE = "PADDLE_ESTIMATE_ID"


@dataclass(frozen=True, kw_only=True)
class WatchArguments(CommonArguments):
    """``paddle-estimate watch -- COMMAND...``."""

    words: Annotated[
        list[str],
        typer.Argument(
            metavar="-- COMMAND...", help="help.watch_command", rich_help_panel="panel.history"
        ),
    ]
    store: Annotated[
        str | None,
        typer.Option("--store", metavar="URL", help="help.store", rich_help_panel="panel.history"),
    ] = None


def run(session: Session, arguments: WatchArguments) -> int:
    """The exit code is the command's own, also where its record cannot be kept."""
    from estimator.records.store import open_store
    from estimator.records.watching import watch

    code, record = watch(arguments.words, os.environ.get(ESTIMATE_VARIABLE) or None)
    try:
        with open_store(arguments.store) as store:
            store.save(record)
    except BadInput as error:
        print(describe(error, session), file=sys.stderr)
    return code
