"""What a stranger's code may take."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

from estimator.units import GIB, MIB

_SHARE_OF_MACHINE = 0.5
_MOST_MEMORY = 16 * GIB
_LEAST_MEMORY = 2 * GIB


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Of one estimate. Bytes and seconds.

    memory_bytes: of all its processes together. scratch_bytes: of its temporary files, which are
    memory, too. processes: with threads. file_bytes: the longest file that can be written.
    """

    memory_bytes: int
    scratch_bytes: int = 512 * MIB
    processes: int = 256
    open_files: int = 1024
    file_bytes: int = 512 * MIB
    cpu_seconds: int = 600


def default_memory_bytes() -> int:
    """Half of what the machine has, within plain bounds."""
    wanted = int(psutil.virtual_memory().total * _SHARE_OF_MACHINE)
    return max(_LEAST_MEMORY, min(wanted, _MOST_MEMORY))
