"""What is kept of an estimate that somebody asked the service for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LEASE_SECONDS = 10.0
"""A worker that has not been heard of for so long is dead, and its run free for another."""

BEAT_SECONDS = 2.0
"""How often a worker says that it is alive."""

MOST_ATTEMPTS = 3
"""A run whose workers died so many times is what kills them; it is not tried again."""


class State(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run to be made. Times are seconds since 1970.

    identifier: also that of the estimate and its record. owner: who asked. digest: names the
    question with everything the answer depends on. request: as plain data. key: of the client, so
    that a request sent twice is one run.
    """

    identifier: str
    owner: str
    title: str
    digest: str
    request: Mapping[str, Any]
    created: float
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is kept. ``version`` grows with every change that a listener wants to see.

    progress: ``stage``, ``detail`` and ``notes`` so far. error: a problem as plain data. summary:
    the answer in few words. attempts: how often a worker has begun it.
    """

    identifier: str
    owner: str
    title: str
    state: State
    digest: str
    request: Mapping[str, Any]
    created: float
    started: float | None = None
    finished: float | None = None
    worker: str | None = None
    attempts: int = 0
    version: int = 1
    cancel: bool = False
    progress: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    summary: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """An answer: in each language the document as compressed JSON."""

    digest: str
    documents: Mapping[str, bytes]
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a worker hears when it says that it is alive."""

    is_mine: bool
    cancel: bool


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, and when."""

    at: float
    who: str
    what: str
    detail: str
