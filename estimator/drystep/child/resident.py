"""Resident memory of this process on the host."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_resident_bytes(status: Path = _STATUS) -> int:
    """The most host memory that this process has held since its program began.

    It is ``VmHWM`` of proc(5). ``ru_maxrss`` of getrusage(2) outlives fork and execve: a child that
    a large process starts would begin with that process's peak. It is taken, as an upper
    bound, where ``/proc`` is not mounted or does not say (gVisor).
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024  # "VmHWM:\t    8812 kB"
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
