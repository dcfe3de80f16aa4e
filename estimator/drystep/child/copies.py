"""Forked copies of this process, and the pipes between them."""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import pickle
import select
import signal
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from estimator.drystep.child.limits import die_with_parent, report_faults
from estimator.drystep.protocol import DUMP_SIGNAL

_LENGTH = struct.Struct("<Q")
_POLL_SECONDS = 0.1


class Channel:
    """One end of a pipe that carries Python objects between our own processes."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def send(self, message: Any) -> None:
        data = pickle.dumps(message)
        rest = memoryview(_LENGTH.pack(len(data)) + data)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def receive(self) -> Any:
        """The next message; waits for it. Raises EOFError where nobody can send one any more."""
        (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
        return pickle.loads(self._read(length))

    def is_readable(self, seconds: float | None) -> bool:
        """Whether there is something to read, or nobody left to send it; None waits for it."""
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def close(self) -> None:
        os.close(self._descriptor)

    def _read(self, count: int) -> bytearray:
        data = bytearray(count)
        rest = memoryview(data)
        while rest:
            if not (read := os.readv(self._descriptor, [rest])):
                raise EOFError
            rest = rest[read:]
        return data


def channel() -> tuple[Channel, Channel]:
    """The reading and the writing end of a new pipe."""
    reader, writer = os.pipe()
    return Channel(reader), Channel(writer)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process has ended; below 0 the exit code is minus the signal."""

    exit_code: int


class Copy:
    """A forked copy of this process that runs ``work`` and then is gone.

    faults: where it writes down where a crash was; None leaves that as it is.
    """

    def __init__(self, work: Callable[[], None], faults: int | None) -> None:
        self._gone = False
        self.pid = fork_to_do(work, faults)
        be_silent()

    def ended(self, seconds: float = 0.0) -> Ended | None:
        """How it ended, or None while it runs; waits at most ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._gone = True
                return Ended(os.waitstatus_to_exitcode(status))
            if time.monotonic() >= until:
                return None
            time.sleep(0.005)

    def message(self, answers: Channel) -> Any:
        """Its next message, or :class:`Ended` where it has gone without one."""
        while not answers.is_readable(_POLL_SECONDS):
            ended = self.ended()
            if ended is not None and not answers.is_readable(0):
                return ended
        return answers.receive()

    def stop(self, after: float = 0.0) -> None:
        """Kill it; ``after`` so many seconds in which it may leave by itself."""
        if self._gone or self.ended(after):
            return
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def fork_to_do(work: Callable[[], None], faults: int | None = None) -> int:
    """The number of a forked copy of this process that does ``work`` and then is gone.

    faults: as for :class:`Copy`. Raises OSError where no more processes may be made.
    """
    parent = os.getpid()
    if copy := os.fork():
        return copy
    become_copy(parent, faults)
    try:
        work()
    except BaseException:
        traceback.print_exc()  # among the user's output, where nobody else is told
    finally:
        leave()


def leave(exit_code: int = 0) -> NoReturn:
    """End this process at once, and the data loading workers that it started."""
    for worker in multiprocessing.active_children():
        if worker._parent_pid == os.getpid():  # type: ignore[attr-defined]  # not before the fork
            worker.kill()
    os._exit(exit_code)


def become_copy(parent: int, faults: int | None) -> None:
    """In a new copy: die with its parent, and answer for crashes and for where the code is."""
    die_with_parent(parent)
    if faults is not None:
        report_faults(faults)


def be_silent() -> None:
    """Where the user's code is, the running copy says and not the process that waits for it."""
    faulthandler.unregister(DUMP_SIGNAL)
    signal.signal(DUMP_SIGNAL, signal.SIG_IGN)


def use_one_thread() -> None:
    """Keep libraries from making threads, which a copy would not have.

    Must run before they are used; what has been loaded with Paddle reads its limit at each use.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libgomp.so.1").omp_set_num_threads(1)
