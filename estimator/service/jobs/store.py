"""The runs, results and uploads of the service: what every front end and worker shares.

A worker owns a run by its name and the number of the attempt; what it writes counts only while it
does. So a worker that was thought dead and comes back changes nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from estimator.service.jobs.database import Database, open_database
from estimator.service.jobs.rows import COLUMNS, dumped, to_run
from estimator.service.jobs.schema import create
from estimator.service.jobs.types import (
    LEASE_SECONDS,
    MOST_ATTEMPTS,
    AuditEntry,
    Pulse,
    Result,
    Run,
    State,
    Wanted,
)

_MINE = "identifier = ? AND worker = ? AND attempts = ? AND state = 'running'"
_NEXT = """
    SELECT identifier FROM run WHERE state = 'queued' AND owner = (
        SELECT owner FROM (SELECT DISTINCT owner FROM run WHERE state = 'queued') AS waiting
        ORDER BY
            (SELECT count(*) FROM run AS r WHERE r.state = 'running' AND r.owner = waiting.owner),
            (SELECT coalesce(max(r.started), 0) FROM run AS r WHERE r.owner = waiting.owner),
            owner
        LIMIT 1
    ) ORDER BY created, identifier LIMIT 1
"""
"""Of the user with the fewest runs under way, then served longest ago, the oldest run."""

INTERRUPTED = {"kind": "interrupted", "status": 500}


class JobStore:
    """All that the service keeps. Every call is whole or has not happened."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        create(database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def ping(self) -> None:
        """Raise where the database does not answer."""
        self._database.read("SELECT 1")

    # Asking -------------------------------------------------------------------------------

    def add(self, wanted: Wanted, files: Mapping[str, bytes] | None = None) -> Run:
        """Keep a run and its uploads; the one that is there where the client's key is known."""
        with self._database.alone():
            for digest, content in (files or {}).items():
                self._database.write(
                    "INSERT INTO upload VALUES (?, ?) ON CONFLICT DO NOTHING", (digest, content)
                )
            self._database.write(
                "INSERT INTO run (identifier, owner, title, state, digest, request, created,"
                " client_key) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    *(wanted.identifier, wanted.owner, wanted.title, wanted.digest),
                    *(dumped(wanted.request), wanted.created, wanted.key),
                ),
            )
        found = self.get(wanted.identifier)
        if found is None and wanted.key is not None:
            found = self.by_key(wanted.owner, wanted.key)
        if found is None:
            raise KeyError(wanted.identifier)
        return found

    def add_answered(self, wanted: Wanted, summary: Mapping[str, Any]) -> Run:
        """Keep a run whose result is there already; as ``add`` where the client's key is known."""
        now = self._clock()
        made = self._database.write(
            "INSERT INTO run (identifier, owner, title, state, digest, request, created, started,"
            " finished, summary, client_key) VALUES (?, ?, ?, 'done', ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (
                *(wanted.identifier, wanted.owner, wanted.title, wanted.digest),
                *(dumped(wanted.request), wanted.created, now, now, dumped(summary), wanted.key),
            ),
        )
        if not made and wanted.key is not None and (run := self.by_key(wanted.owner, wanted.key)):
            return run
        return Run(
            identifier=wanted.identifier,
            owner=wanted.owner,
            title=wanted.title,
            state=State.DONE,
            digest=wanted.digest,
            request=wanted.request,
            created=wanted.created,
            started=now,
            finished=now,
            summary=summary,
        )

    def get(self, identifier: str) -> Run | None:
        """The run of this name."""
        return self._one("identifier = ?", identifier)

    def by_key(self, owner: str, key: str) -> Run | None:
        """The run that an owner asked for under a key."""
        return self._one("owner = ? AND client_key = ?", owner, key)

    def newest(self, owner: str | None, limit: int, before: float | None = None) -> list[Run]:
        """Runs of an owner or of all, newest first, made before a moment."""
        rows = self._database.read(
            f"SELECT {COLUMNS} FROM run WHERE (? = '' OR owner = ?) AND created < ?"
            " ORDER BY created DESC, identifier DESC LIMIT ?",
            (owner or "", owner or "", 1e18 if before is None else before, limit),
        )
        return [to_run(row) for row in rows]

    def versions(self, identifiers: Collection[str]) -> dict[str, int]:
        """The versions of some runs, to see which have changed."""
        marks = ", ".join("?" * len(identifiers))
        query = f"SELECT identifier, version FROM run WHERE identifier IN ({marks})"
        return dict(self._database.read(query, tuple(identifiers))) if identifiers else {}

    def ahead_of(self, run: Run) -> int:
        """How many queued runs were asked for before this one."""
        query = "SELECT count(*) FROM run WHERE state = 'queued' AND created < ?"
        return int(self._database.read(query, (run.created,))[0][0])

    def unfinished(self, owner: str | None = None) -> int:
        """How many runs of an owner, or of all, wait or are under way."""
        query = (
            "SELECT count(*) FROM run WHERE state IN ('queued', 'running')"
            " AND (? = '' OR owner = ?)"
        )
        return int(self._database.read(query, (owner or "", owner or ""))[0][0])

    def counts(self) -> dict[str, int]:
        """How many runs there are in each state."""
        return dict(self._database.read("SELECT state, count(*) FROM run GROUP BY state"))

    def cancel(self, identifier: str) -> None:
        """End a run that waits; ask the worker of one that is under way to stop."""
        self._database.write(
            "UPDATE run SET state = 'cancelled', finished = ?, version = version + 1"
            " WHERE identifier = ? AND state = 'queued'",
            (self._clock(), identifier),
        )
        self._database.write(
            "UPDATE run SET cancel = 1 WHERE identifier = ? AND state = 'running'", (identifier,)
        )

    # Working ------------------------------------------------------------------------------

    def has_queued(self) -> bool:
        """Whether a run waits for a worker."""
        return bool(self._database.read("SELECT 1 FROM run WHERE state = 'queued' LIMIT 1"))

    def claim(self, worker: str) -> Run | None:
        """The next run for a worker, now its own; None where none waits."""
        if not self.has_queued():
            return None
        with self._database.alone():
            found = self._database.read(_NEXT)
            if not found:
                return None
            now = self._clock()
            self._database.write(
                "UPDATE run SET state = 'running', worker = ?, attempts = attempts + 1,"
                " started = ?, lease = ?, progress = '{}', version = version + 1"
                " WHERE identifier = ?",
                (worker, now, now + LEASE_SECONDS, found[0][0]),
            )
        return self.get(found[0][0])

    def beat(self, run: Run) -> Pulse:
        """The worker of a run is alive."""
        mine = self._database.write(
            f"UPDATE run SET lease = ? WHERE {_MINE}",
            (self._clock() + LEASE_SECONDS, *_owned(run)),
        )
        query = f"SELECT cancel FROM run WHERE {_MINE}"
        asked = self._database.read(query, _owned(run)) if mine else []
        return Pulse(bool(mine), bool(asked and asked[0][0]))

    def tell(self, run: Run, progress: Mapping[str, Any]) -> None:
        """How far the worker of a run has come."""
        self._database.write(
            f"UPDATE run SET progress = ?, version = version + 1 WHERE {_MINE}",
            (dumped(progress), *_owned(run)),
        )

    def finish(self, run: Run, result: Result) -> bool:
        """The answer to a run; False where it is no longer the worker's own."""
        with self._database.alone():
            ended = self._end(run, State.DONE, summary=result.summary)
            if ended:
                self._keep(result)
        return ended

    def keep(self, result: Result) -> None:
        """A result in further languages."""
        with self._database.alone():
            self._keep(result)

    def fail(self, run: Run, state: State, error: Mapping[str, Any] | None) -> bool:
        """A run ends without an answer; False where it is no longer the worker's own."""
        return self._end(run, state, error=error)

    def give_back(self, run: Run) -> bool:
        """A worker that has to stop puts its run back; the attempt does not count."""
        changed = self._database.write(
            "UPDATE run SET state = 'queued', worker = NULL, lease = NULL, progress = '{}',"
            f" attempts = attempts - 1, version = version + 1 WHERE {_MINE}",
            _owned(run),
        )
        return bool(changed)

    def reclaim(self, worker: str | None = None) -> int:
        """Queue again what dead workers left, or a certain dead one; how many that were.

        A run that was begun too often, or was to be stopped, ends instead.
        """
        dead = "state = 'running' AND (lease < ? OR worker = ?)"
        values = (self._clock(), worker or "")
        with self._database.alone():
            self._database.write(
                f"UPDATE run SET state = 'cancelled', finished = ?, version = version + 1"
                f" WHERE cancel = 1 AND {dead}",
                (self._clock(), *values),
            )
            self._database.write(
                f"UPDATE run SET state = 'failed', finished = ?, error = ?, version = version + 1"
                f" WHERE attempts >= ? AND {dead}",
                (self._clock(), dumped(INTERRUPTED), MOST_ATTEMPTS, *values),
            )
            return self._database.write(
                "UPDATE run SET state = 'queued', worker = NULL, lease = NULL, progress = '{}',"
                f" version = version + 1 WHERE {dead}",
                values,
            )

    # Results and uploads ------------------------------------------------------------------

    def summary(self, digest: str) -> Mapping[str, Any] | None:
        """The answer to a question in few words, None where it was never answered."""
        query = "SELECT summary FROM result WHERE digest = ? LIMIT 1"
        rows = self._database.read(query, (digest,))
        return json.loads(rows[0][0]) if rows else None

    def document(self, digest: str, language: str) -> tuple[str, bytes] | None:
        """A result as a compressed document: in the language, or in the one that is there yet."""
        rows = self._database.read(
            "SELECT language, document FROM result WHERE digest = ?"
            " ORDER BY CASE WHEN language = ? THEN 0 ELSE 1 END LIMIT 1",
            (digest, language),
        )
        return (rows[0][0], bytes(rows[0][1])) if rows else None

    def upload(self, digest: str) -> bytes | None:
        """The content of an uploaded file."""
        rows = self._database.read("SELECT content FROM upload WHERE digest = ?", (digest,))
        return bytes(rows[0][0]) if rows else None

    def prune(self, before: float) -> int:
        """Forget runs that ended before a moment, and what only they needed; how many they were."""
        with self._database.alone():
            removed = self._database.write(
                "DELETE FROM run WHERE finished < ? AND state IN ('done', 'failed', 'cancelled')",
                (before,),
            )
            self._database.write(
                "DELETE FROM result WHERE created < ?"
                " AND digest NOT IN (SELECT digest FROM run WHERE state = 'done')",
                (before,),
            )
            self._database.write("DELETE FROM audit WHERE at < ?", (before,))
            kept = {
                digest
                for (request,) in self._database.read("SELECT request FROM run")
                for digest in json.loads(request)["files"].values()
            }
            for (digest,) in self._database.read("SELECT digest FROM upload"):
                if digest not in kept:
                    self._database.write("DELETE FROM upload WHERE digest = ?", (digest,))
        return removed

    # Audit --------------------------------------------------------------------------------

    def note(self, who: str, what: str, detail: str) -> None:
        """Write down who did what."""
        values = (self._clock(), who, what, detail)
        self._database.write("INSERT INTO audit VALUES (?, ?, ?, ?)", values)

    def audit(self, limit: int) -> list[AuditEntry]:
        """What was done last, newest first."""
        query = "SELECT at, who, what, detail FROM audit ORDER BY at DESC LIMIT ?"
        return [AuditEntry(*row) for row in self._database.read(query, (limit,))]

    def _one(self, condition: str, *values: str) -> Run | None:
        rows = self._database.read(f"SELECT {COLUMNS} FROM run WHERE {condition}", values)
        return to_run(rows[0]) if rows else None

    def _end(
        self,
        run: Run,
        state: State,
        error: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> bool:
        changed = self._database.write(
            "UPDATE run SET state = ?, finished = ?, error = ?, summary = ?, lease = NULL,"
            f" version = version + 1 WHERE {_MINE}",
            (state, self._clock(), _maybe(error), _maybe(summary), *_owned(run)),
        )
        return bool(changed)

    def _keep(self, result: Result) -> None:
        for language, document in result.documents.items():
            self._database.write(
                "INSERT INTO result VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (result.digest, language, document, dumped(result.summary), self._clock()),
            )


def open_jobs(address: str) -> JobStore:
    """The store at an address. Raises BadInput where it cannot be used."""
    return JobStore(open_database(address))


def _owned(run: Run) -> tuple[str, str | None, int]:
    return run.identifier, run.worker, run.attempts


def _maybe(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else dumped(value)
