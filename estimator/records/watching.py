"""Run a command, pass its output through, and remember what it took."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO

import psutil

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.gpus_in_use import GpusInUse
from estimator.records.importers.paddle_log import TrainingLog
from estimator.records.store import new_identifier
from estimator.records.types import Happened, JobFacts, JobRecord, Status, Submitted

INTERVAL_SECONDS = 0.5
"""Between two looks at the memory; a peak shorter than this can be missed."""

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LONGEST_LINE = 1 << 16


@dataclass(slots=True)
class _Seen:
    """What was seen of the command. host_bytes: the most memory of it and all that it started."""

    host_bytes: int | None = None
    gpus: GpusInUse = field(default_factory=GpusInUse)


@dataclass(slots=True)
class _Watched:
    log: TrainingLog = field(default_factory=TrainingLog)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def line(self, raw: bytes) -> None:
        with self.lock:
            self.log.read(raw.decode("utf-8", "replace"))


def watch(command: Sequence[str], estimate_id: str | None) -> tuple[int, JobRecord]:
    """Run ``command`` and give its exit code and its record.

    Its output is passed on byte by byte as it comes, signals reach it. A command that a signal
    ended gives 128 plus the signal, as shells do. Raises BadInput if it cannot be started.
    """
    watched, seen, started = _Watched(), _Seen(), datetime.now(UTC)
    seen.gpus.start()
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:
        what = sentence("cannot run '{name}': {why}", name=command[0], why=error.strerror)
        raise BadInput(what, hint="-- COMMAND") from None
    with _forwarding(process):
        _follow(process, watched, seen)
        code = process.wait()
    happened = _happened(code, watched.log, seen)
    times = {
        "duration_s": time.monotonic() - begin,
        "started_at": started,
        "finished_at": max(started, datetime.now(UTC)),
    }
    record = JobRecord(
        identifier=estimate_id or new_identifier(),
        created_at=started,
        submitted=Submitted(JobFacts(None, None, None, None, None)),
        happened=Happened(**happened, **times),  # type: ignore[arg-type]
        origin="watch",
    )
    return (128 - code if code < 0 else code), record


def _follow(process: subprocess.Popen[bytes], watched: _Watched, seen: _Seen) -> None:
    """Pass on both streams in threads while this one looks at the memory."""
    assert process.stdout is not None
    assert process.stderr is not None
    streams = ((process.stdout, sys.stdout.buffer), (process.stderr, sys.stderr.buffer))
    threads = [threading.Thread(target=_pass_on, args=(*pair, watched)) for pair in streams]
    for thread in threads:
        thread.start()
    while process.poll() is None:
        _look(process.pid, seen)
        with suppress(subprocess.TimeoutExpired):
            process.wait(INTERVAL_SECONDS)
    for thread in threads:
        thread.join()


def _pass_on(source: IO[bytes], target: IO[bytes], watched: _Watched) -> None:
    """Everything that comes, at once; nobody reading it any more does not stop the command."""
    rest, readable = b"", True
    while block := os.read(source.fileno(), 1 << 16):
        if readable:
            try:
                target.write(block)
                target.flush()
            except (BrokenPipeError, ValueError):
                readable = False
        *lines, rest = (rest + block).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            watched.line(line)
        rest = rest[-_LONGEST_LINE:]
    watched.line(rest)
    source.close()


def _look(pid: int, seen: _Seen) -> None:
    resident: dict[int, int] = {}
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                resident[process.pid] = process.memory_info().rss
    if resident:
        seen.host_bytes = max(seen.host_bytes or 0, sum(resident.values()))
    seen.gpus.look(resident.keys())


def _happened(code: int, log: TrainingLog, seen: _Seen) -> Mapping[str, object]:
    return {
        "peak_device_bytes": seen.gpus.peak_bytes,
        "gpu_utilization": seen.gpus.utilization,
        "peak_reserved_bytes": log.reserved,
        "peak_allocated_bytes": log.allocated,
        "peak_memory_bytes": seen.host_bytes,
        "step_time_s": log.step_time_s,
        "status": _status(code, log),
        "exit_code": 128 - code if code < 0 else code,
        "exit_reason": signal.Signals(-code).name if code < 0 else f"exit {code}",
    }


def _status(code: int, log: TrainingLog) -> Status:
    if code == 0:
        return Status.SUCCEEDED
    if log.out_of_memory:
        return Status.OUT_OF_MEMORY
    if -code in (signal.SIGTERM, signal.SIGINT):
        return Status.CANCELLED
    return Status.KILLED if code < 0 else Status.FAILED


@contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Signals that would end this program reach the command, and its end ends this."""

    def forward(number: int, frame: object) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
