"""A worker process: claims runs and carries them out, until it is told to stop."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from estimator.errors import BadInput
from estimator.service.engines.local import LocalEngine
from estimator.service.engines.types import Engine
from estimator.service.jobs.store import open_jobs
from estimator.service.jobs.types import Run
from estimator.service.jobs.work import Workplace, carry_out
from estimator.service.settings import Settings, from_plain

_IDLE_SECONDS = 0.05
_RECLAIM_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1

READY = b"ready\n"


class Stop(BaseException):
    """The worker is to end."""


def main() -> None:
    """Work by the settings on standard input; standard output hears when work can begin."""
    tell_parent = _own_output()
    document = json.loads(sys.stdin.readline())
    _die_with_parent(document["parent"])
    signal.signal(signal.SIGTERM, _stop)
    settings = from_plain(document["settings"])
    store = open_jobs(settings.database)
    with suppress(Stop):
        engine = engine_of(settings)  # the first start on a machine builds the virtual GPU
        tell_parent(READY)
        work(Workplace(store, engine, settings), document["name"])


def work(place: Workplace, worker: str) -> None:
    """Take runs for ever, as the worker of this name.

    Garbage is collected between two runs: within one there are thousands of plans to search and
    little to find, which took a third of this process's time.
    """
    store = place.store
    gc.freeze()
    gc.disable()
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
                gc.collect()
    finally:
        place.engine.close()


def engine_of(settings: Settings) -> Engine:
    """Where the settings want dry steps to run. Raises BadInput where that cannot be used."""
    if settings.on_kubernetes:
        from estimator.service.engines.kubernetes import KubernetesEngine

        return KubernetesEngine(settings)
    if settings.dry_step_on is not None:
        from estimator.service.engines.dask import DaskEngine

        return DaskEngine(settings.dry_step_on, settings.unsafe_uploads)
    return LocalEngine(settings.memory_bytes, settings.bounds.time_limit_seconds)


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


def _own_output() -> Callable[[bytes], None]:
    """Writes the one thing that the parent hears; whatever else is printed goes to the log."""
    parent = os.dup(1)
    os.dup2(2, 1)

    def tell(said: bytes) -> None:
        os.write(parent, said)
        os.close(parent)

    return tell


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
