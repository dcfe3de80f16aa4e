"""Where in the user's own code something happened, as ``file:line``."""

from __future__ import annotations

import os
import re
import sysconfig
import traceback
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType

_PACKAGE = f"{Path(__file__).resolve().parents[1]}{os.sep}"
_LIBRARIES = (
    *(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib", "purelib")),
    _PACKAGE,
    "<",
)
_INSTALLED = {"site-packages", "dist-packages"}
_FAULT_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in ', re.MULTILINE)


def is_own_or_frozen(filename: str) -> bool:
    """Whether a frame's file belongs to this package or is built into Python."""
    return filename.startswith((_PACKAGE, "<"))


@cache
def is_user_file(filename: str) -> bool:
    """Whether a frame's file is neither of Python, of an installed package nor of this one."""
    return not filename.startswith(_LIBRARIES) and _INSTALLED.isdisjoint(Path(filename).parts)


def place(filename: str, line: int | None) -> str:
    """``file:line``, relative where the file lies below the current folder."""
    relative = os.path.relpath(filename)
    shown = filename if relative.startswith("..") else relative
    return f"{shown}:{line}" if line else shown


def place_in_traceback(trace: TracebackType | None) -> str:
    """The innermost place in user code of an exception, or the empty text."""
    frames = ((frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace))
    return innermost(reversed(list(frames)))


def place_in_faults(dump: str) -> str:
    """The innermost place in user code of a faulthandler dump, or the empty text."""
    frames = ((match["file"], int(match["line"])) for match in _FAULT_FRAME.finditer(dump))
    return innermost((_unescaped(name), line) for name, line in frames)


def innermost(frames: Iterable[tuple[str, int]]) -> str:
    """The first user place of frames that run from the innermost outwards."""
    return next((place(name, line) for name, line in frames if is_user_file(name)), "")


def _unescaped(name: str) -> str:
    """A file name as it was before faulthandler wrote it in ASCII."""
    return re.sub(
        r"\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})",
        lambda match: chr(int(match[1] or match[2] or match[3], 16)),
        name,
    )
