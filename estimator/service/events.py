"""Progress for many listeners: one look at the database for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from estimator.service.jobs.store import JobStore
from estimator.service.jobs.types import Run
from estimator.service.steady import again_and_again

_LOOK_SECONDS = 0.1


class Hub:
    """Tells who listens to a run of each change that is there when the database is looked at."""

    def __init__(self, store: JobStore) -> None:
        self._store = store
        self._listened: Counter[str] = Counter()
        self._versions: dict[str, int] = {}
        self._runs: dict[str, Run] = {}
        self._changed = asyncio.Condition()

    @property
    def listeners(self) -> int:
        """How many there are."""
        return self._listened.total()

    async def look_for_ever(self) -> None:
        """Look at the runs that somebody listens to, again and again."""
        await again_and_again(self._look, _LOOK_SECONDS)

    async def changes(self, run: Run) -> AsyncIterator[Run]:
        """The run as it is now, then after each change, until it is over."""
        name, seen = run.identifier, 0
        self._listened[name] += 1
        self._note(run)
        try:
            while True:
                current = self._runs[name]
                if current.version > seen:
                    seen = current.version
                    yield current
                    if current.state.is_final:
                        return
                async with self._changed:
                    while self._versions[name] <= seen:
                        await self._changed.wait()
        finally:
            self._listened[name] -= 1
            if self._listened[name] <= 0:
                del self._listened[name]
                self._versions.pop(name, None)
                self._runs.pop(name, None)

    def _note(self, run: Run) -> None:
        if run.version > self._versions.get(run.identifier, 0):
            self._runs[run.identifier] = run
            self._versions[run.identifier] = run.version

    async def _look(self) -> None:
        names = list(self._listened)
        if not names:
            return
        found = await asyncio.to_thread(self._store.versions, names)
        changed = [name for name, version in found.items() if version > self._versions.get(name, 0)]
        if not changed:
            return
        runs = await asyncio.to_thread(lambda: [self._store.get(name) for name in changed])
        for run in runs:
            if run is not None and run.identifier in self._listened:
                self._note(run)
        async with self._changed:
            self._changed.notify_all()
