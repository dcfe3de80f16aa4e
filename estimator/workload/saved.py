"""Saved programs: what ``paddle.jit.save`` writes, by its files alone."""

from __future__ import annotations

import re
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence

PARAMETERS = ".pdiparams"
_PROGRAMS = (".json", ".pdmodel")
_HEADER = re.compile(rb'"magic"\s*:\s*"pir"')
_HEADER_BYTES = 4096


def is_saved_program(path: Path) -> bool:
    """Whether a path means a saved program: one of its files, or what their names begin with."""
    if path.suffix in (*_PROGRAMS, PARAMETERS):
        return True
    return not path.exists() and program_file(path) is not None


def program_prefix(path: Path) -> Path:
    """What ``paddle.jit.load`` takes: the path without the suffix of a program's file."""
    known = path.suffix in (*_PROGRAMS, PARAMETERS)
    return path.with_suffix("") if known else path


def program_file(path: Path) -> Path | None:
    """The file with the program itself, None where there is none."""
    prefix = program_prefix(path)
    files = (prefix.with_name(prefix.name + suffix) for suffix in _PROGRAMS)
    return next((file for file in files if file.is_file()), None)


def check_saved_program(path: Path) -> None:
    """Raise BadInput where a saved program cannot be one, or lacks a file."""
    prefix = program_prefix(path)
    program = program_file(path)
    if program is None:
        raise BadInput(
            sentence("there is no '{prefix}.json' and no '{prefix}.pdmodel'", prefix=prefix),
            hint=sentence("paddle.jit.save(layer, '{prefix}', input_spec=[...])", prefix=prefix),
        )
    if not prefix.with_name(prefix.name + PARAMETERS).is_file():
        raise BadInput(
            sentence(
                "'{file}' is missing: the parameters of the program", file=f"{prefix}{PARAMETERS}"
            ),
            where=str(program),
            hint=sentence("copy both files that paddle.jit.save wrote"),
        )
    if program.suffix == ".json" and not _HEADER.search(_beginning(program)):
        raise BadInput(
            sentence("the file is no program that Paddle 3 saved"),
            where=str(program),
            hint=sentence("paddle.jit.save of Paddle 3 writes .json, of Paddle 2 .pdmodel"),
        )


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES)
    except OSError as error:
        raise BadInput(
            sentence("'{path}' cannot be read: {why}", path=path, why=error.strerror),
            hint=f"ls -l {path}",
        ) from error
