"""Keeps the workers running: a dead one is replaced, and what it was at is queued again."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

from estimator.service.jobs.store import JobStore
from estimator.service.jobs.worker import READY
from estimator.service.settings import Settings, to_plain
from estimator.service.steady import again_and_again

_LOOK_SECONDS = 0.2
_LONGEST_WAIT = 10.0
_STOP_SECONDS = 5.0
_DAY_SECONDS = 86_400
_SETTLED_SECONDS = 30.0
"""Workers that live so long are not what keeps dying."""

_TIDY_SECONDS = 3600
_COMMAND = (sys.executable, "-m", "estimator.service.jobs.worker")


class Workers:
    """The worker processes of one replica."""

    def __init__(self, settings: Settings, store: JobStore) -> None:
        self._settings = settings
        self._store = store
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._ready: set[str] = set()
        self._failures = 0
        self._started = 0.0

    @property
    def processes(self) -> list[int]:
        """Their process identifiers."""
        return [process.pid for process in self._running.values()]

    @property
    def is_ready(self) -> bool:
        """Whether one of them can take work; none can while the virtual GPU is being built."""
        return bool(self._ready & self._running.keys())

    async def keep(self) -> None:
        """Start them, and replace those that die, for ever."""
        await again_and_again(self._look, _LOOK_SECONDS)

    async def tidy(self) -> None:
        """Forget what is too old, for ever."""
        await again_and_again(self._forget, _TIDY_SECONDS)

    async def _look(self) -> None:
        ended = [name for name, one in self._running.items() if one.poll() is not None]
        for name in ended:
            code = self._running.pop(name).returncode
            self._ready.discard(name)
            self._failures += 1
            print(f"worker {name} ended with {code}", file=sys.stderr, flush=True)
            await asyncio.to_thread(self._store.reclaim, name)
        if ended:
            await asyncio.sleep(min(_LONGEST_WAIT, 0.1 * 2 ** min(self._failures, 7)))
        elif self._failures and time.monotonic() - self._started > _SETTLED_SECONDS:
            self._failures = 0
        self._ready |= {name for name, one in self._running.items() if _says_ready(one)}
        while len(self._running) < self._settings.worker_count:
            self._start()

    async def _forget(self) -> None:
        before = time.time() - self._settings.bounds.keep_days * _DAY_SECONDS
        await asyncio.to_thread(self._store.prune, before)

    def stop(self) -> None:
        """Ask them to give their work back, and end those that do not in time."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            process.kill()
            process.wait()

    def _start(self) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
        process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        order = {"settings": to_plain(self._settings), "parent": os.getpid(), "name": name}
        if process.stdin is not None and process.stdout is not None:
            os.set_blocking(process.stdout.fileno(), False)
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.close()
        self._running[name] = process
        self._started = time.monotonic()


def _says_ready(process: subprocess.Popen[bytes]) -> bool:
    """Whether a worker has said so since the last look."""
    return process.stdout is not None and process.stdout.read() == READY
