"""The child's end of the pipe to its parent."""

from __future__ import annotations

import os
from collections.abc import Callable

from estimator.drystep.measurement import DryStepReport
from estimator.drystep.protocol import encode_error, encode_progress, encode_report
from estimator.errors import EstimatorError

Say = Callable[[str], None]
"""Gets a few words when something that takes a while begins."""


class Replies:
    """Sends progress, and then one report or one error, to the parent.

    Only the process that made it may speak: a copy that user code forked ends here. Our own copies
    may put in a few words.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor
        self._process = os.getpid()

    def progress(self, text: str) -> None:
        """Tell that ``text`` begins, such as ``running model.py``."""
        self._send(encode_progress(text))

    def aside(self, text: str) -> None:
        """As :meth:`progress`, from a copy as well: a short line is written whole (pipe(7))."""
        os.write(self._descriptor, encode_progress(text))

    def report(self, report: DryStepReport) -> None:
        """Give the answer."""
        self._send(encode_report(report))

    def error(self, error: EstimatorError) -> None:
        """Tell why there is no answer."""
        self._send(encode_error(error))

    def _send(self, line: bytes) -> None:
        if os.getpid() != self._process:
            os._exit(0)
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
