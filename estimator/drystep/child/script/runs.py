"""Runs of the script: from its beginning, or from copies that stand before their first batch."""

from __future__ import annotations

import itertools
import json
import os
import threading
from typing import Any

from estimator.drystep.child.copies import (
    Channel,
    Copy,
    Ended,
    be_silent,
    become_copy,
    channel,
    leave,
)
from estimator.drystep.child.script.overlay import Overlay
from estimator.drystep.child.script.seen import NoRoom, Probe, Ready, RunSeen
from estimator.drystep.child.script.stage import Stage
from estimator.drystep.endings import Ending, error_of
from estimator.drystep.protocol import decode_error
from estimator.errors import InternalError
from estimator.messages import sentence

_SECONDS_TO_LEAVE = 2.0


class Runs:
    """Runs the script in copies of this process; ``processor_seconds`` is what they all took."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._prepared: _Prepared | None = None
        self._count = 0
        self.processor_seconds = 0.0
        self.why_from_the_start = ""

    @property
    def has_batch_argument(self) -> bool:
        """Whether an argument of the script sets its batch size."""
        return bool(self._stage.script.batch_argument)

    def first(self, probe: Probe) -> RunSeen:
        """The first look. Where the script uses a DataLoader, its copies are kept for more."""
        if self.has_batch_argument:
            return _seen(self.from_the_start(probe))
        prepared = _Prepared(self._stage, probe)
        message = prepared.first_message()
        if isinstance(message, Ready):
            self._prepared = prepared
            return _seen(self._outcome(prepared.run(probe)))
        prepared.stop()
        if isinstance(message, str):
            self.why_from_the_start = message
            return _seen(self.from_the_start(probe))
        return _seen(self._outcome(message))

    def run(self, probe: Probe) -> RunSeen | NoRoom:
        """One more, in the quickest way there is."""
        if self._prepared is not None:
            return self._outcome(self._prepared.run(probe))
        return self.from_the_start(probe)

    def from_the_start(self, probe: Probe) -> RunSeen | NoRoom:
        """Run the whole script, with the probe's batch size as its argument if it has one."""
        self._count += 1
        stage = self._stage.with_layer(f"run-{self._count}")
        answers, answer = channel()
        copy = Copy(lambda: stage.run(answer, probe, lambda _: None), stage.faults)
        try:
            return self._outcome(copy.message(answers))
        finally:
            copy.stop(after=_SECONDS_TO_LEAVE)
            stage.forget(stage.layer)

    def close(self) -> None:
        """Stop what is kept."""
        if self._prepared is not None:
            self._prepared.stop()

    def _outcome(self, message: Any) -> RunSeen | NoRoom:
        if isinstance(message, bytes):
            raise decode_error(json.loads(message)["error"])
        if isinstance(message, Ended):
            ending = Ending(message.exit_code, "running the script", self._stage.last_place())
            raise error_of(ending, 0)
        if isinstance(message, RunSeen):
            self.processor_seconds += message.processor_seconds
        if isinstance(message, (RunSeen, NoRoom)):
            return message
        raise InternalError(f"a copy of the script said {message!r}")


class _Prepared:
    """A process in which the script has come to its first batch, and copies of that."""

    def __init__(self, stage: Stage, probe: Probe) -> None:
        self._answers, answer = channel()
        orders, self._orders = channel()
        own = stage.with_layer("prepared")

        def work() -> None:
            # Where the script takes no batch from a loader, this run is the first look itself.
            own.run(answer, probe, lambda overlay: _serve(orders, answer, own, overlay))

        self._copy = Copy(work, stage.faults)

    def first_message(self) -> Any:
        """Ready, or a sentence on why copies cannot be made, or what ended the script."""
        return self._copy.message(self._answers)

    def run(self, probe: Probe) -> Any:
        """What a copy says: its report, its error, or how it ended without either."""
        self._orders.send(probe)
        said = self._copy.message(self._answers)
        if isinstance(said, Ended):
            return said
        ended = self._copy.message(self._answers)  # always follows
        if not isinstance(ended, Ended):
            raise InternalError(f"a copy of the script said {ended!r} after its report")
        return said

    def stop(self) -> None:
        self._copy.stop()


def _serve(orders: Channel, answer: Channel, stage: Stage, overlay: Overlay) -> Probe:
    """Make a copy for each order; returns in the copies alone, with what they have to do."""
    if obstacle := _obstacle():
        answer.send(obstacle)
        leave()
    answer.send(Ready())
    be_silent()
    for number in itertools.count():
        try:
            probe: Probe = orders.receive()
        except EOFError:
            leave()
        layer, parent = f"copy-{number}", os.getpid()
        if (pid := os.fork()) == 0:
            become_copy(parent, stage.faults)
            overlay.fork(layer)
            return probe
        _, status = os.waitpid(pid, 0)
        stage.forget(layer)
        answer.send(Ended(os.waitstatus_to_exitcode(status)))
    raise AssertionError("a count has no end")


def _obstacle() -> str:
    """Why this process cannot be copied: the copy would lack its other threads."""
    others = [t.name for t in threading.enumerate() if t is not threading.main_thread()]
    if others:
        return sentence(
            "the script has started threads of its own ({names})", names=tuple(sorted(others))
        )
    return ""


def _seen(outcome: RunSeen | NoRoom) -> RunSeen:
    if isinstance(outcome, NoRoom):
        raise InternalError("the virtual GPU without a limit has run out of memory")
    return outcome
