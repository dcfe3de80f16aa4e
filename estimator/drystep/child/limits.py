"""What the child process gives up before any user code runs."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import resource
import signal

from estimator.drystep.protocol import DUMP_SIGNAL

_PR_SET_PDEATHSIG = 1


def apply_limits(host_memory_bytes: int, parent_pid: int) -> None:
    """Bound the host memory, leave no core dump, and do not outlive the parent.

    The bound is on private writable memory (``RLIMIT_DATA``), soft: what reserves address
    space without using it may raise it by as much. Must run in the main thread.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        host_memory_bytes = min(host_memory_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (host_memory_bytes, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    die_with_parent(parent_pid)


def die_with_parent(parent_pid: int) -> None:
    """Do not outlive the process ``parent_pid`` that made this one. Not inherited by forks."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        os._exit(1)


def lift_host_memory_limit() -> None:
    """Allow what it takes to report that the limit was hit."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def report_faults(descriptor: int) -> None:
    """Let crashes, and the parent's question where we are, write a traceback to ``descriptor``.

    Must run after Paddle is imported, which sets signal handlers of its own.
    """
    faulthandler.enable(descriptor, all_threads=False)
    faulthandler.register(DUMP_SIGNAL, descriptor, all_threads=False)
