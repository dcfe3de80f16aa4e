"""Where documents go: stdout, or a file that appears whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import typer

from estimator.errors import BadInput
from estimator.messages import message

BROKEN_PIPE = 141
"""What shells report for a program that ended by SIGPIPE: 128 + 13."""


def check_writable(path: Path | None, flag: str = "--out") -> None:
    """Raise BadInput if a document could not be written there: known before a long computation."""
    if path is None:
        return
    folder = path.absolute().parent
    if path.is_dir():
        hint = f"{flag} {path / 'FILE'}"
        raise BadInput(message("error.out_is_folder", path=path), where=flag, hint=hint)
    if not folder.is_dir():
        hint = f"mkdir -p {folder}"
        raise BadInput(message("error.no_folder", path=folder), where=flag, hint=hint)
    written = path if path.exists() else folder
    if not os.access(written, os.W_OK):
        hint = f"ls -ld {written}"
        raise BadInput(message("error.not_writable", path=path), where=flag, hint=hint)


def write_document(document: str | Iterable[str], path: Path | None) -> None:
    """Write a document to a file, or to stdout where none is named; always as UTF-8.

    A document in pieces is written piece by piece, as they are made. Raises BadInput if the file
    cannot be written; what was there before is then unchanged.
    """
    pieces = (document,) if isinstance(document, str) else document
    if path is None:
        for piece in pieces:
            write_stdout(piece)
        return
    try:
        _write_file(pieces, path)
    except OSError as error:
        raise _not_written(path, error) from error


def write_stdout(document: str) -> None:
    """Write to stdout, whatever the locale's encoding: YAML and JSON are UTF-8.

    Ends the program quietly when nobody reads; raises BadInput if stdout takes no more.
    """
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(document.encode())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise typer.Exit(give_up_stdout()) from None
    except OSError as error:
        give_up_stdout()
        raise _not_written("stdout", error) from error


def _not_written(path: Path | str, error: OSError) -> BadInput:
    what = message("error.not_written", path=path, why=error.strerror or str(error))
    return BadInput(what, hint=f"df -h {path.parent}" if isinstance(path, Path) else "df -h")


def give_up_stdout() -> int:
    """Nobody reads stdout any more: be silent, even when Python flushes it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _write_file(pieces: Iterable[str], path: Path) -> None:
    target = path.resolve()
    if target.exists() and not target.is_file():
        # A device or a pipe (/dev/stdout) is written to; a rename would put a file in its place.
        with target.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
    else:
        _replace(pieces, target)


def _replace(pieces: Iterable[str], target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
