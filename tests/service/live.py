"""The service as its owner starts it: a process of its own with its workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from estimator.paths import user_cache_folder

READY_SECONDS = 60
DONE_SECONDS = 120
SHARED_CACHE = user_cache_folder()
"""With the built virtual GPU: found before any test moves the home."""

FINAL = ("done", "failed", "cancelled")


@dataclass
class Live:
    """A running service, where it is found, and its process."""

    base: str
    process: subprocess.Popen
    command: list[str]
    environment: dict[str, str]
    log: Path

    @property
    def client(self):
        return httpx2.Client(base_url=self.base, timeout=60)

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stderr=log, stdout=log, start_new_session=True
            )
        wait_until(self._answers, READY_SECONDS)

    def _answers(self):
        assert self.process.poll() is None, self.log.read_text()
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.base}/healthz").status_code == 200
        return False

    def kill(self):
        """As when the power goes: no process of it has time for anything."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def wait_until(true, seconds):
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.1)
    return found


def ended(client, identifier, seconds=DONE_SECONDS):
    """The estimate when it is over."""

    def over():
        found = client.get(f"/api/v1/estimates/{identifier}").json()
        return found if found["state"] in FINAL else None

    return wait_until(over, seconds)


@contextmanager
def service(folder, *arguments):
    """A service with a home of its own in a folder; gone in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    home = folder / "service-home"
    if not home.exists():
        home.mkdir()
        (home / "cache").symlink_to(SHARED_CACHE)
    command = [sys.executable, "-m", "estimator", "serve", "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "PADDLE_ESTIMATE_HOME": str(home)}
    environment.pop("PADDLE_ESTIMATE_STORE", None)
    live = Live(
        f"http://127.0.0.1:{port}",
        None,
        [*command, *arguments],
        environment,
        folder / "service.log",
    )
    live.start()
    try:
        yield live
    finally:
        live.stop()
