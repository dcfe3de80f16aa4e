"""The parent's side of a dry step: start the child, listen to it, stop it in time.

Whatever the user's code does - crash, hang, exit, print, fork, take memory - ends here as a
report or as one error with one clear line. What it prints never reaches our own output; the
last of it is a note on the error.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from estimator.drystep.child_process import ChildProcess, started
from estimator.drystep.endings import Ending, error_of
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.places import place
from estimator.drystep.protocol import (
    Order,
    decode_error,
    decode_report,
    encode_order,
    report_adapter,
)
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import EstimatorError, InternalError, UserCodeFailed
from estimator.messages import sentence
from estimator.units import GIB
from estimator.workload.source import check_source

CHILD = (sys.executable, "-P", "-u", str(Path(__file__).parent / "child" / "__main__.py"))
"""The child's command. ``-P``: no file of the current folder may stand in for a library;
``-u``: what user code printed is not lost when the process dies."""

Start = Callable[[DryStepRequest, int], AbstractContextManager[ChildProcess]]
"""Gives a request and the bytes of host memory it may take to a child, and ends that in the end."""

DEFAULT_LIMITS = Limits()

QUIET = {"GLOG_minloglevel": "2", "GLOG_v": "0"}
"""Variables that keep Paddle from logging."""

_KEPT_OUTPUT_BYTES = 1 << 16
_LONGEST_REPLY_BYTES = 1 << 28
_CHUNK_BYTES = 1 << 16
_WATCH_SECONDS = 0.2
_MOST_HOST_MEMORY = 32 * GIB
_LEAST_HOST_MEMORY = 4 * GIB

OnProgress = Callable[[str], None]


RunDryStep = Callable[[DryStepRequest, Limits, OnProgress], DryStepReport]
"""As :func:`run_dry_step`: somewhere, and with what it raises."""


def child_of(command: Sequence[str]) -> Start:
    """Starts ``command`` as a child of this process."""

    @contextmanager
    def start(request: DryStepRequest, host_memory_bytes: int) -> Iterator[ChildProcess]:
        order = encode_order(Order(request, host_memory_bytes, os.getpid()))
        with started(command, order, os.environ | QUIET | dict(request.environment)) as child:
            yield child

    return start


_PLAIN = child_of(CHILD)


def run_dry_step(
    request: DryStepRequest,
    limits: Limits = DEFAULT_LIMITS,
    on_progress: OnProgress = lambda _: None,
    start: Start = _PLAIN,
) -> DryStepReport:
    """Run the user's training step in a child process and bring back what was measured.

    ``on_progress`` hears a few words whenever the child begins something. Raises BadInput where
    the model file or the environment cannot be used as it is, UserCodeFailed where its code
    raised, hung, exited or died, InternalError for our own faults. Leaves no process behind.
    """
    line = ask_child(request, Asking(limits, on_progress, start, meanwhile=report_adapter))
    return decode_report(line)


@dataclass(frozen=True, slots=True)
class Asking:
    """How a child is asked. ``meanwhile`` is called while it imports Paddle."""

    limits: Limits
    on_progress: OnProgress
    start: Start = _PLAIN
    meanwhile: Callable[[], object] = lambda: None


def ask_child(request: DryStepRequest, asking: Asking) -> Mapping[str, Any]:
    """As :func:`run_dry_step`, but the report as the child wrote it, which needs no pydantic."""
    script = request.workload.script
    if script is None or not script.is_module:
        check_source(request.workload.model_file)
    heard = _Heard(asking.on_progress)
    memory = asking.limits.host_memory_bytes or host_memory_to_spare()
    with _scratch(request) as ready, asking.start(ready, memory) as child:
        asking.meanwhile()
        return _answer(child, heard, ready, asking.limits)


def _answer(
    child: ChildProcess, heard: _Heard, request: DryStepRequest, limits: Limits
) -> Mapping[str, Any]:
    try:
        _listen(child, heard, time.monotonic() + limits.seconds)
        return _report(child, heard, request, limits)
    except EstimatorError as error:
        if output := heard.output.decode(errors="replace").strip():
            error.add_note(f"The last output of {request.workload.model_file}:\n{output}")
        raise


@contextmanager
def _scratch(request: DryStepRequest) -> Iterator[DryStepRequest]:
    """The request with a folder for what a script writes, gone when the context ends."""
    if request.workload.script is None:
        yield request
        return
    with tempfile.TemporaryDirectory(
        prefix="paddle-estimate-", ignore_cleanup_errors=True
    ) as folder:
        yield replace(request, scratch=Path(folder))


@dataclass(slots=True)
class _Heard:
    """What has come from the child so far."""

    on_progress: OnProgress
    doing: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    output: bytes = b""
    unfinished: bytearray = field(default_factory=bytearray)

    def replies(self, chunk: bytes) -> None:
        """Take bytes of the reply pipe, where each line is a JSON document."""
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            self._message(bytes(self.unfinished) + line)
            self.unfinished.clear()
        self.unfinished += rest
        if len(self.unfinished) > _LONGEST_REPLY_BYTES:  # user code may write to the pipe as well
            hint = sentence("leave out code that writes to file descriptors it did not open")
            raise UserCodeFailed(sentence("the child's reply has no end"), hint=hint)

    def prints(self, chunk: bytes) -> None:
        """Take bytes of the user's output, of which only the last are kept."""
        self.output = (self.output + chunk)[-_KEPT_OUTPUT_BYTES:]

    def _message(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise InternalError(f"the child's reply is not a JSON object: {line[:80]!r}")
        if "progress" in message:
            self.doing = message["progress"]
            self.on_progress(self.doing)
        else:
            self.answer = message


def _listen(child: ChildProcess, heard: _Heard, deadline: float) -> None:
    """Take in what the child says until it has answered or died, or the deadline has passed."""
    with selectors.DefaultSelector() as selector:
        selector.register(child.replies, selectors.EVENT_READ, heard.replies)
        selector.register(child.output, selectors.EVENT_READ, heard.prints)
        while not heard.answer and time.monotonic() < deadline:
            ended = child.has_ended()
            if ended:
                child.stop()  # processes it left behind could write for ever
            ready = selector.select(0 if ended else _WATCH_SECONDS)
            for key, _ in ready:
                if chunk := os.read(key.fd, _CHUNK_BYTES):
                    key.data(chunk)
                else:
                    selector.unregister(key.fileobj)
            if ended and not ready:
                return


def _report(
    child: ChildProcess, heard: _Heard, request: DryStepRequest, limits: Limits
) -> Mapping[str, Any]:
    if "report" in heard.answer:
        return heard.answer
    if "error" in heard.answer:
        raise decode_error(heard.answer["error"])
    ended = child.has_ended()
    where = (child.last_place() if ended else child.place_now()) or place(
        str(request.workload.model_file), None
    )
    exit_code = child.stop()
    alone = request.rank is not None
    ending = Ending(exit_code if ended else None, heard.doing, where, alone)
    raise error_of(ending, limits.seconds)


def host_memory_to_spare() -> int:
    """Bytes that user code may take: what Linux calls available, within plain bounds."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        available = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return _MOST_HOST_MEMORY
    return max(_LEAST_HOST_MEMORY, min(available * 1024, _MOST_HOST_MEMORY))
