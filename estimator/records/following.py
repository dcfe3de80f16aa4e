"""Files that grow: imported again whenever they have, up to the end of whoever writes them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

SECONDS = 10.0
"""Between two looks at the files."""

State = tuple[int, int] | None
"""Size and time of change; None for a file that is not there yet."""


def follow(files: Sequence[Path], take: Callable[[], None], seconds: float = SECONDS) -> None:
    """Call ``take`` once all files are there and whenever one has changed since.

    Ends with SIGTERM (how a pod ends its sidecars) or SIGINT, after one last look. Raises what
    ``take`` raises. Must run in the main thread.
    """
    over = threading.Event()
    before = {which: signal.signal(which, lambda *_: over.set()) for which in _ENDS}
    try:
        seen: list[State] = []
        while True:
            last = over.wait(0.0 if not seen else seconds)
            now = [_state(path) for path in files]
            if now != seen and None not in now:
                take()
            seen = now
            if last:
                return
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


_ENDS = (signal.SIGTERM, signal.SIGINT)


def _state(path: Path) -> State:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
