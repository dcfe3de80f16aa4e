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
from estimator.records.importers.paddle_log import TrainingLog
from estimator.records.store import new_identifier
from estimator.records.types import Happened, JobFacts, JobRecord, Status, Submitted

INTERVAL_SECONDS = 0.5
"""Between two looks at the memory; a peak shorter than this can be missed."""

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LONGEST_LINE = 1 << 16


@dataclass(slots=True)
class Peaks:
    """The most memory that was seen. device: of the fullest GPU, None without NVML."""

    host: int | None = None
    device: int | None = None


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
    watched, started = _Watched(), datetime.now(UTC)
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:
        raise BadInput(f"cannot run '{command[0]}': {error.strerror}", hint="-- COMMAND") from None
    with _forwarding(process):
        peaks = _follow(process, watched)
        code = process.wait()
    happened = _happened(code, watched.log, peaks)
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


def _follow(process: subprocess.Popen[bytes], watched: _Watched) -> Peaks:
    """Pass on both streams in threads while this one looks at the memory."""
    assert process.stdout is not None
    assert process.stderr is not None
    streams = ((process.stdout, sys.stdout.buffer), (process.stderr, sys.stderr.buffer))
    threads = [threading.Thread(target=_pass_on, args=(*pair, watched)) for pair in streams]
    for thread in threads:
        thread.start()
    peaks = Peaks()
    while process.poll() is None:
        _look(process.pid, peaks)
        with suppress(subprocess.TimeoutExpired):
            process.wait(INTERVAL_SECONDS)
    for thread in threads:
        thread.join()
    return peaks


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


def _look(pid: int, peaks: Peaks) -> None:
    resident: dict[int, int] = {}
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                resident[process.pid] = process.memory_info().rss
    if resident:
        peaks.host = max(peaks.host or 0, sum(resident.values()))
    for used in _device_bytes(set(resident)):
        peaks.device = max(peaks.device or 0, used)


def _device_bytes(pids: set[int]) -> Iterator[int]:
    """Memory that these processes hold on each GPU; nothing where there is no NVML."""
    try:
        import pynvml
    except ImportError:
        return
    with suppress(pynvml.NVMLError):
        pynvml.nvmlInit()
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            running = pynvml.nvmlDeviceGetComputeRunningProcesses(handle)
            mine = [one.usedGpuMemory for one in running if one.pid in pids]
            if any(mine):
                yield sum(size or 0 for size in mine)


def _happened(code: int, log: TrainingLog, peaks: Peaks) -> Mapping[str, object]:
    return {
        "peak_device_bytes": peaks.device,
        "peak_reserved_bytes": log.reserved,
        "peak_allocated_bytes": log.allocated,
        "peak_memory_bytes": peaks.host,
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
