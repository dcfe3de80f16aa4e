"""The operating system's side of a dry step: a process, its pipes, and its certain end."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import IO

from estimator.drystep.places import place_in_faults
from estimator.drystep.protocol import DUMP_SIGNAL

_DUMP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A running child and our ends of its pipes: the replies, and what user code prints.

    ``faults`` is the file that the child's faulthandler writes to.
    """

    process: subprocess.Popen[bytes]
    replies: IO[bytes]
    output: IO[bytes]
    faults: IO[bytes]

    def has_ended(self) -> bool:
        """Whether it is dead. It stays a zombie, so that its process group stays its own."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if self.process.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def stop(self) -> int:
        """Kill it and whatever it started; its exit code (below 0: minus the signal)."""
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def place_now(self) -> str:
        """Ask a running child where in the user's code it is; empty where it does not say."""
        self.ask_for_place()
        until = time.monotonic() + _DUMP_SECONDS
        while not (place := self.last_place()) and time.monotonic() < until:
            time.sleep(0.02)
        return place

    def ask_for_place(self) -> None:
        """Have the faulthandler of whatever runs in it write down where that is."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, DUMP_SIGNAL)  # a copy of it may be what runs user code

    def last_place(self) -> str:
        """Where in the user's code the faulthandler last saw it, or the empty text."""
        self.faults.seek(0)
        return place_in_faults(self.faults.read().decode(errors="replace"))


@contextmanager
def started(
    command: Sequence[str], order: bytes, environment: Mapping[str, str]
) -> Iterator[ChildProcess]:
    """Run ``command REPLY_FD FAULTS_FD`` with ``order`` as its standard input and no variables but
    those of ``environment``.

    It leads a process group of its own, which is killed and reaped when the context ends.
    """
    with tempfile.TemporaryFile() as orders:
        orders.write(order)
        orders.seek(0)
        with spawned(Spawn(command, orders, environment)) as child:
            yield child


@dataclass(frozen=True, slots=True)
class Spawn:
    """A command, what it reads, and its variables.

    kind: what stands for the running child. descriptors: open files that it inherits as well.
    """

    command: Sequence[str]
    orders: IO[bytes]
    environment: Mapping[str, str]
    kind: type[ChildProcess] = ChildProcess
    descriptors: tuple[int, ...] = ()


@contextmanager
def spawned(wanted: Spawn) -> Iterator[ChildProcess]:
    """As :func:`started`, reading its orders from a file or a pipe."""
    with ExitStack() as stack:
        faults = stack.enter_context(tempfile.TemporaryFile())
        replies, reply_end = pipe(stack)
        output, output_end = pipe(stack)
        process = subprocess.Popen(
            [*wanted.command, str(reply_end.fileno()), str(faults.fileno())],
            stdin=wanted.orders,
            stdout=output_end,
            stderr=output_end,
            pass_fds=(reply_end.fileno(), faults.fileno(), *wanted.descriptors),
            env=dict(wanted.environment),
            start_new_session=True,
        )
        child = wanted.kind(process, replies, output, faults)
        stack.callback(child.stop)
        reply_end.close()
        output_end.close()
        yield child


def hand_over(orders: IO[bytes], order: bytes) -> None:
    """Give its one order to a child that waits; one that is dead is found out by who listens."""
    with suppress(BrokenPipeError):
        orders.write(order)
    orders.close()


def pipe(stack: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """The reading and the writing end of a new pipe, closed with ``stack``."""
    reader, writer = os.pipe()
    return (
        stack.enter_context(open(reader, "rb", buffering=0)),
        stack.enter_context(open(writer, "wb", buffering=0)),
    )
