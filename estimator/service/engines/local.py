"""Dry steps on this machine, each in a slot that was made ready before."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from estimator.drystep.device.choose import choose_device
from estimator.drystep.launch import OnProgress, run_dry_step
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.service.sandbox.bubblewrap import find_sandbox
from estimator.service.sandbox.confinement import Confinement
from estimator.service.sandbox.limits import SandboxLimits
from estimator.service.sandbox.slots import MOST_THREADS, Slot, Slots, remove_left_behind
from estimator.service.sandbox.unconfined import Unconfined
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A slot; the next one is made ready when its dry step is over."""

    slot: Slot
    slots: Slots

    @property
    def folder(self) -> Path:
        return self.slot.folder

    def kill(self) -> None:
        """End what runs in the slot."""
        self.slot.kill()

    def run(self, request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        """Run it in the slot."""
        try:
            return run_dry_step(request, limits, heard, self.slot.start)
        finally:
            self.slots.make_ready()


class LocalEngine:
    """The slots of one process."""

    choose = staticmethod(choose_device)

    def __init__(self, memory_bytes: int, seconds: float) -> None:
        remove_left_behind()
        plugin = choose_device(DeviceChoice.AUTO, _tell).plugin
        self._environment: Mapping[str, str] = plugin.environment() if plugin else {}
        readable = (plugin.folder,) if plugin else ()
        limits = SandboxLimits(memory_bytes, cpu_seconds=int(seconds) * MOST_THREADS)
        confinement = confinement_of(limits, readable)
        self.safe = confinement.safe
        self._slots = Slots(confinement, self._environment)

    @contextmanager
    def place(self, others_wait: bool = False) -> Iterator[LocalPlace]:
        """The warm slot."""
        with self._slots.take(self._environment) as slot:
            if others_wait:
                self._slots.make_ready()
            yield LocalPlace(slot, self._slots)

    def close(self) -> None:
        """End the slot that waits."""
        self._slots.close()


def _tell(line: str) -> None:
    """What the owner of the service should know: that the virtual GPU is being built."""
    print(line, file=sys.stderr, flush=True)


def confinement_of(limits: SandboxLimits, readable: tuple[Path, ...] = ()) -> Confinement:
    """The sandbox, or nothing on a machine without one: uploads are refused then."""
    sandbox = find_sandbox(limits, readable)
    return Unconfined(limits) if isinstance(sandbox, Missing) else sandbox
