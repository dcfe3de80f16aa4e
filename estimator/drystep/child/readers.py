"""What ended a DataLoader: raised in a thread or a worker of Paddle's, which print it and no more.

The loop that reads from the loader gets a SystemError about a queue.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

_raised: list[BaseException] = []
"""In threads, the last one at the end."""

_QUEUE_IS_GONE = "Blocking queue is killed"
"""Paddle's words in the loop, whatever ended its reader."""

_IN_A_WORKER = re.compile(r"DataLoader worker\(\d+\) caught \w+ with message:\n")
_FRAME = re.compile(r'^ *File "(?P<file>.+)", line (?P<line>\d+)', re.MULTILINE)


def watch_threads(on_raised: Callable[[BaseException], None]) -> None:
    """From now on remember what threads raise, and tell of it; it is printed as before.

    The loop may get nothing at all: without workers Paddle then waits for ever.
    """
    usual = threading.excepthook

    def hook(raised: threading.ExceptHookArgs) -> None:
        if raised.exc_value is not None:
            _raised.append(raised.exc_value)
            on_raised(raised.exc_value)
        usual(raised)

    threading.excepthook = hook


def behind(error: BaseException) -> BaseException:
    """What ended the reader, where ``error`` says no more than that it ended."""
    return _raised[-1] if _raised and _QUEUE_IS_GONE in str(error) else error


def said_in_worker(error: BaseException) -> str | None:
    """Type and message of an exception that a worker sent with its traceback; None of any other."""
    text = str(error)
    if not _IN_A_WORKER.match(text):
        return None
    return next((line for line in reversed(text.splitlines()) if line.strip()), None)


def frames_in_worker(error: BaseException) -> Iterator[tuple[str, int]]:
    """File and line of the frames of that traceback, from the innermost outwards."""
    if said_in_worker(error) is not None:
        for match in reversed(list(_FRAME.finditer(str(error)))):
            yield match["file"], int(match["line"])
