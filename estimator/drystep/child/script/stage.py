"""One run of the script, in a process of its own: what is set up around it, and how it reports."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from estimator.drystep.child import virtual
from estimator.drystep.child.collectives import LoneRank
from estimator.drystep.child.copies import Channel, leave
from estimator.drystep.child.limits import lift_host_memory_limit
from estimator.drystep.child.script.hooks import listen
from estimator.drystep.child.script.overlay import Overlay
from estimator.drystep.child.script.program import never_trained, run_program
from estimator.drystep.child.script.rank_seen import RankRecorder
from estimator.drystep.child.script.seen import NoRoom, Probe, RunSeen
from estimator.drystep.child.script.watch import Finish, Watch
from estimator.drystep.child.user_code import internal, one_line, where_in_user_code
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.places import place, place_in_faults
from estimator.drystep.protocol import encode_error
from estimator.errors import EstimatorError, UserCodeFailed
from estimator.messages import sentence
from estimator.workload.command import with_argument
from estimator.workload.types import Script

OnFirstBatch = Callable[[Overlay], Probe | None]
"""Called before the first batch of any loader; may say what this process has to find out."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a run of the script needs.

    scratch: an existing folder for what it writes, without links, in which ``layer`` is the name
    of this run's own. faults: the file that a crash is written down in.
    """

    gpu: VirtualGpu
    script: Script
    model_file: Path
    scratch: str
    faults: int
    layer: str = "files"
    rank: LoneRank | None = None

    def with_layer(self, name: str) -> Stage:
        """The same for another run, which sees nothing of what this one writes."""
        return replace(self, layer=name)

    def forget(self, layer: str) -> None:
        """Remove what a run has written."""
        shutil.rmtree(f"{self.scratch}/{layer}", ignore_errors=True)

    def run(self, answer: Channel, probe: Probe, on_first_batch: OnFirstBatch) -> None:
        """In a copy: run the script under a watch, which reports to ``answer`` and leaves."""
        overlay = Overlay(self.scratch, self.layer)
        rank = None if self.rank is None else RankRecorder(self.rank)
        watch = Watch(
            self.gpu, self.script, _finishing(answer), lambda: on_first_batch(overlay), rank
        )
        overlay.apply()
        listen(watch)
        watch.replace_missing_data()
        watch.begin(probe)
        try:
            self._run_under(watch, probe)
        except MemoryError as error:
            lift_host_memory_limit()
            answer.send(_no_room(error, self.model_file))
        except EstimatorError as error:
            watch.ended(error.what)
            answer.send(encode_error(error))
        except Exception as error:
            answer.send(encode_error(internal(error)))

    def last_place(self) -> str:
        """The last place in the user's code that a crash was written down with."""
        dump = os.pread(self.faults, 1 << 16, 0).decode(errors="replace")
        return place_in_faults(dump) or place(str(self.model_file), None)

    def _run_under(self, watch: Watch, probe: Probe) -> None:
        try:
            ended = run_program(self.script, self._arguments(probe), self.model_file)
        finally:
            if watch.is_elsewhere:
                leave()
        watch.ended(ended)
        raise never_trained(ended, self.model_file, watch.steps)

    def _arguments(self, probe: Probe) -> tuple[str, ...]:
        arguments = self.script.arguments
        if probe.batch_size is None or not self.script.batch_argument:
            return arguments
        return with_argument(arguments, self.script.batch_argument, probe.batch_size)


def _finishing(answer: Channel) -> Finish:
    sending = threading.Lock()

    def finish(seen: RunSeen | EstimatorError) -> NoReturn:
        with sending:  # the first to come here leaves with it
            answer.send(encode_error(seen) if isinstance(seen, EstimatorError) else seen)
            leave()

    return finish


def _no_room(error: MemoryError, model_file: Path) -> NoRoom | bytes:
    """The device's own out-of-memory is an answer, the host's is the user's trouble."""
    if virtual.is_device_out_of_memory(error):
        return NoRoom()
    failure = UserCodeFailed(
        sentence("out of host memory: {why}", why=one_line(error)),
        where=where_in_user_code(error, model_file),
        hint=sentence("a smaller --batch-size, or a machine with more memory"),
    )
    return encode_error(failure)
