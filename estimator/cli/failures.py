"""Errors as a person sees them: one line, the next thing to try, and an exit code."""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path

import typer

from estimator.cli.session import Session
from estimator.errors import BadInput, EstimatorError, InternalError
from estimator.messages import message, translate
from estimator.paths import user_cache_folder

INTERRUPTED = 130
"""What shells report for a program that ended by SIGINT: 128 + 2."""


def report(error: Exception, session: Session) -> int:
    """Show an error on stderr and return its exit code."""
    known = _as_estimator_error(error, session)
    if session.debug:
        traceback.print_exception(error)
    print(describe(known, session), file=sys.stderr)
    return known.exit_code


def describe(error: EstimatorError, session: Session) -> str:
    """``error: file:line: what`` and, where there is one, a second line ``try: ...``."""
    where = f"{translate(error.where, session.language)}: " if error.where else ""
    line = session.say("error.line", what=f"{where}{translate(error.what, session.language)}")
    if not error.hint:
        return line
    return f"{line}\n{session.say('error.try', hint=translate(error.hint, session.language))}"


def _as_estimator_error(error: Exception, session: Session) -> EstimatorError:
    if isinstance(error, EstimatorError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    return _defect(error, session)


def _usage_error(error: typer.TyperException) -> EstimatorError:
    what = error.format_message().removesuffix(".").replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "paddle-estimate"
    return BadInput(message("error.usage", what=what), hint=f"{command} --help")


def _defect(error: Exception, session: Session) -> EstimatorError:
    what = message("error.defect", kind=type(error).__name__, what=_one_line(str(error)))
    if session.debug:
        return InternalError(what)
    return InternalError(what, hint=message("error.defect_saved", path=str(_save(error))))


def _one_line(words: str) -> str:
    return " ".join(words.split()) or "-"


def _save(error: Exception) -> Path:
    """The traceback in a file of its own: in the user's cache, or where that cannot be written."""
    folder = user_cache_folder() / "tracebacks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(error, folder)
    except OSError:
        return _write(error, None)


def _write(error: Exception, folder: Path | None) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", prefix="traceback-", suffix=".txt", dir=folder, delete=False
    ) as file:
        traceback.print_exception(error, file=file)
    return Path(file.name)
