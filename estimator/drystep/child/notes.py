"""Sentences for the answer, from wherever in a run something is found that it should say."""

from __future__ import annotations

_NOTES: dict[str, None] = {}


def note(said: str) -> None:
    """Have ``said`` among the assumptions of this process's answer, once."""
    _NOTES[said] = None


def notes() -> tuple[str, ...]:
    """Everything that was noted, in order."""
    return tuple(_NOTES)
