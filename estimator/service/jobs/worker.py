"""A worker process: claims runs and carries them out, until it is told to stop."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType

from estimator.drystep.device.choose import choose_device
from estimator.drystep.request import DeviceChoice
from estimator.errors import BadInput
from estimator.service.jobs.store import JobStore, open_jobs
from estimator.service.jobs.types import Run
from estimator.service.jobs.work import Workplace, carry_out
from estimator.service.sandbox.bubblewrap import find_sandbox
from estimator.service.sandbox.confinement import Confinement
from estimator.service.sandbox.limits import SandboxLimits
from estimator.service.sandbox.slots import MOST_THREADS, Slots, remove_left_behind
from estimator.service.sandbox.unconfined import Unconfined
from estimator.service.settings import Settings, from_plain
from estimator.values import Missing

_IDLE_SECONDS = 0.05
_RECLAIM_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


class Stop(BaseException):
    """The worker is to end."""


def main() -> None:
    """Work by the settings on standard input."""
    document = json.loads(sys.stdin.readline())
    _die_with_parent(document["parent"])
    signal.signal(signal.SIGTERM, _stop)
    settings = from_plain(document["settings"])
    store = open_jobs(settings.database)
    with suppress(Stop):
        work(settings, store, document["name"])


def work(settings: Settings, store: JobStore, worker: str) -> None:
    """Take runs for ever, as the worker of this name."""
    remove_left_behind()
    chosen = choose_device(DeviceChoice.AUTO, _tell)
    environment = chosen.plugin.environment() if chosen.plugin else {}
    readable = (chosen.plugin.folder,) if chosen.plugin else ()
    slots = Slots(confinement(settings, readable), environment)
    place = Workplace(store, slots, settings, environment)
    looked = 0.0
    try:
        while True:
            if time.monotonic() - looked > _RECLAIM_SECONDS:
                store.reclaim()
                looked = time.monotonic()
            run = store.claim(worker)
            if run is None:
                time.sleep(_IDLE_SECONDS)
            else:
                _carry_out(run, place)
    finally:
        slots.close()


def _tell(line: str) -> None:
    """What the owner of the service should know: that the virtual GPU is being built."""
    print(line, file=sys.stderr, flush=True)


def confinement(settings: Settings, readable: tuple[Path, ...]) -> Confinement:
    """The sandbox, or nothing on a machine without one: uploads are refused then."""
    limits = SandboxLimits(
        settings.memory_bytes,
        cpu_seconds=int(settings.bounds.time_limit_seconds) * MOST_THREADS,
    )
    sandbox = find_sandbox(limits, readable)
    if not isinstance(sandbox, Missing):
        return sandbox
    return Unconfined(limits)


def _carry_out(run: Run, place: Workplace) -> None:
    try:
        carry_out(run, place)
    except Stop:
        place.store.give_back(run)
        raise
    except BadInput:
        raise
    except Exception:
        traceback.print_exc()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
