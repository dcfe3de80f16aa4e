"""What can be said of a model file without running it."""

from __future__ import annotations

import warnings
from pathlib import Path

from estimator.errors import BadInput
from estimator.workload.saved import check_saved_program, is_saved_program


def check_source(path: Path) -> None:
    """Raise BadInput where ``path`` is neither a model file nor a saved program."""
    if is_saved_program(path):
        check_saved_program(path)
    else:
        check_model_file(path)


def check_model_file(path: Path) -> None:
    """Raise BadInput, with the line, where ``path`` is not a Python file that can be compiled."""
    try:
        source = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"there is no file '{path}'") from error
    except OSError as error:
        raise BadInput(f"'{path}' cannot be read: {error.strerror}") from error
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _not_utf8(path, source) or _not_python(path, error) from error


def _not_utf8(path: Path, source: bytes) -> BadInput | None:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        return BadInput("the file is not UTF-8 text", where=f"{path}:{line}", hint="save as UTF-8")
    return None


def _not_python(path: Path, error: Exception) -> BadInput:
    if isinstance(error, SyntaxError) and error.lineno:
        return BadInput(f"{type(error).__name__}: {error.msg}", where=f"{path}:{error.lineno}")
    return BadInput(f"not Python source: {error}", where=str(path))
