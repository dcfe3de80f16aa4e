"""How a job ended, as far as it matters for what its peak says."""

from __future__ import annotations

from enum import StrEnum

_FOR_MEMORY = ("out_of_memory", "outofmemory", "out of memory", "oom", "137")
_BY_ITSELF = {"", "succeeded", "success", "successful", "completed", "complete", "pass", "ok"}


class Ending(StrEnum):
    """BY_ITSELF: the peak is the peak. The others: it would have been at least that."""

    BY_ITSELF = "by_itself"
    OUT_OF_MEMORY = "out_of_memory"
    STOPPED = "stopped"


def ending_of(status: str | None, reason: str | None = None) -> Ending:
    """What the words of a record mean; without any, the job is taken to have ended by itself."""
    words = f"{status or ''} {reason or ''}".casefold()
    if any(word in words for word in _FOR_MEMORY):
        return Ending.OUT_OF_MEMORY
    finished = (status or "").strip().casefold() in _BY_ITSELF
    return Ending.BY_ITSELF if finished else Ending.STOPPED
