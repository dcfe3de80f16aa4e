"""Work that a forked copy of this process does beside what this one does."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from estimator.drystep.child.copies import Channel, channel, fork_to_do

T = TypeVar("T")


class Begin(Protocol):
    """Begins work; the function it returns waits for what the work made.

    That is None where the work did not come to its end: whoever needs it does it again, and meets
    the same error. Nothing of the work is kept, so that its caller can free what it used.
    """

    def __call__(self, work: Callable[[], T]) -> Callable[[], T | None]: ...


def in_turn(work: Callable[[], T]) -> Callable[[], T | None]:
    """No copy: the work is done before this returns."""
    done = work()
    return lambda: done


def beside(work: Callable[[], T], seconds: float | None = None) -> Callable[[], T | None]:
    """Have a copy of this process do the work, with a copy of all that is in memory.

    Whatever it changes is gone with it, but for what it returns. Needs
    :func:`~estimator.drystep.child.copies.use_one_thread` before Paddle's first kernel.
    seconds: how long whoever waits for what it made goes on waiting; then it is ended.
    """
    answers, answer = channel()
    try:
        copy = fork_to_do(lambda: answer.send(work()))
    except OSError:
        answers.close()
        return lambda: None
    finally:
        answer.close()
    return lambda: _received(copy, answers, seconds)


class BesideWithoutThreads:
    """:func:`beside` while this process has only the threads that it had when this was made.

    A copy has only the thread that made it. Those that this process has to begin with are not
    missed (:func:`~estimator.drystep.child.copies.use_one_thread`), but a copy would wait for ever
    for the threads with which Paddle runs programs, of ``paddle.jit.load`` and ``to_static``: once
    there are such, all is done :func:`in_turn`.
    """

    def __init__(self) -> None:
        self._known = _threads()

    def __call__(self, work: Callable[[], T]) -> Callable[[], T | None]:
        return in_turn(work) if self.has_begun_threads else beside(work)

    @property
    def has_begun_threads(self) -> bool:
        """Whether there is a thread now that a copy would miss."""
        return bool(_threads() - self._known - {threading.get_native_id()})


def _threads() -> frozenset[int]:
    return frozenset(int(task.name) for task in Path("/proc/self/task").iterdir())


def _received(copy: int, answers: Channel, seconds: float | None) -> Any:
    try:
        if not answers.is_readable(seconds):
            os.kill(copy, signal.SIGKILL)
        return answers.receive()
    except EOFError:
        return None
    finally:
        answers.close()
        os.waitpid(copy, 0)
