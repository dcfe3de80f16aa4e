"""Sentences for the answer, from wherever in a run something is found that it should say."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_NOTES: dict[str, None] = {}


def note(said: str) -> None:
    """Have ``said`` among the assumptions of this process's answer, once."""
    _NOTES[said] = None


def noting(said: str, original: Callable[..., Any]) -> Callable[..., Any]:
    """``original``, which from now on also notes ``said`` whenever it is called."""

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        note(said)
        return original(*args, **kwargs)

    return wrapper


def notes() -> tuple[str, ...]:
    """Everything that was noted, in order."""
    return tuple(_NOTES)
