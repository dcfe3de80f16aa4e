"""Work in a forked copy of the process: what it made, or nothing where it did not end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import weakref
from functools import partial

import pytest

from estimator.drystep.child.beside import BesideWithoutThreads, beside, in_turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are forked on Linux")


class _Work:
    def __call__(self) -> int:
        return 1


def _fail() -> int:
    raise ValueError("said where the user's output goes")


def _die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


def test_the_work_is_done_in_another_process() -> None:
    assert beside(os.getpid)() not in (os.getpid(), None)


def test_in_turn_it_is_done_here_and_at_once() -> None:
    done: list[int] = []
    result = in_turn(lambda: done.append(1) or 7)
    assert done == [1]
    assert result() == 7


def test_much_comes_back_while_this_process_does_something_else() -> None:
    """More than a pipe holds (64 KiB) is sent before anybody reads."""
    large = bytes(range(256)) * 4096
    results = [beside(partial(bytes, large)) for _ in range(3)]
    assert [result() == large for result in results] == [True] * 3


@pytest.mark.parametrize("work", [_fail, _die, partial(os._exit, 0), sys.exit])
def test_work_that_does_not_come_to_its_end_made_nothing(work: object) -> None:
    assert beside(work)() is None  # type: ignore[arg-type]


def test_no_copy_is_left_behind() -> None:
    beside(_fail)()
    beside(os.getpid)()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_where_no_process_may_be_made_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert beside(os.getpid)() is None


def test_what_the_work_uses_can_be_freed_meanwhile() -> None:
    work = _Work()
    gone = weakref.ref(work)
    result = beside(work)
    del work
    assert gone() is None
    assert result() == 1


def test_work_that_takes_too_long_is_ended() -> None:
    assert beside(partial(time.sleep, 600), seconds=0.05)() is None


def test_a_copy_that_leaves_lets_the_workers_of_this_process_live() -> None:
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    worker.start()
    try:
        assert beside(os.getpid)() is not None
        worker.join(0.2)
        assert worker.exitcode is None
    finally:
        worker.kill()
        worker.join()


def test_threads_that_a_copy_would_miss() -> None:
    begin = BesideWithoutThreads()
    assert begin(os.getpid)() not in (os.getpid(), None)
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        assert begin(os.getpid)() == os.getpid()
        assert begin.has_begun_threads
        assert BesideWithoutThreads()(os.getpid)() != os.getpid()
    finally:
        end.set()
        thread.join()
