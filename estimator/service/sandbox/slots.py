"""Warm places for a stranger's code: Paddle imported, nobody's code run yet, each used once."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from estimator.drystep.child_process import ChildProcess, Spawn, hand_over, pipe, spawned
from estimator.drystep.launch import CHILD, QUIET
from estimator.drystep.protocol import WARM, Order, encode_order
from estimator.drystep.request import DryStepRequest
from estimator.service.sandbox.confinement import Confinement, Wish
from estimator.service.sandbox.process import SandboxedProcess, memory_of

_PREFIX = "paddle-estimate-slot-"
"""Of the folders; the number of the process that made it follows."""

_WATCH_SECONDS = 0.1
MOST_THREADS = 4
"""Of the numerical libraries in one child."""

_NOT_THE_PARENT = 1
"""Inside, the process that reaps is the parent; outside, the child's own parent is asked for."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A folder for the files of one estimate, and the child that will run them.

    ``environment`` is what the child was started with.
    """

    folder: Path
    child: ChildProcess
    orders: IO[bytes]
    confinement: Confinement
    environment: Mapping[str, str]

    def kill(self) -> None:
        """End whatever runs here, from any thread."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child.process.pid, 9)

    @contextmanager
    def start(self, request: DryStepRequest, host_memory_bytes: int) -> Iterator[ChildProcess]:
        """A :data:`estimator.drystep.launch.Start`: gives the order to the child that waits."""
        limit = self.confinement.limits.memory_bytes
        parent = _NOT_THE_PARENT if self.confinement.safe else os.getpid()
        order = Order(self._inside(request), min(host_memory_bytes, limit), parent)
        hand_over(self.orders, encode_order(order))
        over = threading.Event()
        watch = threading.Thread(target=self._watch_memory, args=(limit, over), daemon=True)
        watch.start()
        try:
            yield self.child
        finally:
            over.set()
            watch.join()

    def _inside(self, request: DryStepRequest) -> DryStepRequest:
        """The request with its files as they are called inside."""
        workload = request.workload
        name = workload.model_file  # relative to the folder, or in it
        name = name.relative_to(self.folder) if name.is_absolute() else name
        model_file = self.confinement.inside(self.folder) / name
        scratch = request.scratch and self.confinement.scratch(request.scratch)
        workload = replace(workload, model_file=model_file)
        return replace(request, workload=workload, scratch=scratch)

    def _watch_memory(self, limit: int, over: threading.Event) -> None:
        while not over.wait(_WATCH_SECONDS):
            if memory_of(self.child.process.pid, limit) > limit:
                self.kill()
                return


class Slots:
    """Slots, of which one is made ready before it is needed.

    To import Paddle takes a core more than a second, which the dry step in the slot before it would
    have to do without: who took that says when the next one may begin.
    """

    def __init__(self, confinement: Confinement, environment: Mapping[str, str]) -> None:
        self._confinement = confinement
        self._environment = dict(environment)
        self._next: tuple[Slot, ExitStack] | None = None
        self.make_ready()

    def make_ready(self) -> None:
        """Have a slot begin to warm up, where none waits."""
        if self._next is None:
            self._next = self._made(self._environment)

    def close(self) -> None:
        """End the one that waits."""
        if self._next is not None:
            self._next[1].close()
            self._next = None

    def take(self, environment: Mapping[str, str]) -> AbstractContextManager[Slot]:
        """The warm slot, or a fresh one where other variables are needed; gone in the end.

        The next one is made ready then, unless :meth:`make_ready` was called before.
        """
        return self._taken(dict(environment))

    @contextmanager
    def _taken(self, environment: dict[str, str]) -> Iterator[Slot]:
        slot, stack = self._ready_or_new(environment)
        try:
            with stack:
                yield slot
        finally:
            self.make_ready()

    def _ready_or_new(self, environment: dict[str, str]) -> tuple[Slot, ExitStack]:
        if self._next is None or environment != self._environment:
            return self._made(environment)
        ready, self._next = self._next, None
        return ready

    def _made(self, environment: Mapping[str, str]) -> tuple[Slot, ExitStack]:
        with ExitStack() as stack:
            prefix = f"{_PREFIX}{os.getpid()}-"
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix)))
            code = folder / "job"
            code.mkdir(mode=0o755)
            reader, writer = pipe(stack)
            threads = str(min(os.cpu_count() or 1, MOST_THREADS))
            inside = QUIET | {"OMP_NUM_THREADS": threads} | dict(environment)
            kind = SandboxedProcess if self._confinement.safe else ChildProcess
            with self._confinement.prepared(Wish((*CHILD, WARM), code, inside)) as ready:
                wanted = Spawn(ready.command, reader, ready.environment, kind, ready.descriptors)
                child = stack.enter_context(spawned(wanted))
            reader.close()
            slot = Slot(code, child, writer, self._confinement, dict(environment))
            return slot, stack.pop_all()


def remove_left_behind() -> None:
    """Remove the folders of processes that died without time to do it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


def copy_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder so that any user may read them; names were checked before."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
