"""Work that a forked copy of this process does beside what this one does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
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
