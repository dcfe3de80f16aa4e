"""The one door: a command line in, an exit code out, and nothing but documents on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from estimator.cli.app import create_app
from estimator.cli.argv import normalise
from estimator.cli.failures import INTERRUPTED, report
from estimator.cli.output import give_up_stdout
from estimator.cli.session import Session
from estimator.errors import BadInput
from estimator.messages import message

PROGRAM = "paddle-estimate"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; every error has been shown by then."""
    words = sys.argv[1:] if argv is None else argv
    session = Session.of(words, os.environ)
    try:
        return _run(words, session)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        return give_up_stdout()
    except Exception as error:
        return report(error, session)


def _run(words: Sequence[str], session: Session) -> int:
    if not words:
        raise BadInput(message("error.no_command"), hint=f"{PROGRAM} --help")
    argv = normalise(words)
    command = typer.main.get_command(create_app(session.say, argv))
    exit_code = command.main(argv, prog_name=PROGRAM, standalone_mode=False, obj=session)
    sys.stdout.flush()
    return int(exit_code or 0)
