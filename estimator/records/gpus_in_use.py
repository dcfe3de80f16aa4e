"""What the GPUs of this machine say of a job, by ``nvidia-smi``, which comes with every driver.

In a container processes have other numbers than the driver knows. Where none of the job's processes
is found on a GPU, what the visible GPUs hold beyond what they held at the start is taken for the
job's: a pod has its GPUs to itself.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from estimator.units import MIB

PROGRAM = "nvidia-smi"
_SECONDS = 5.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0
_GROWTH = 1.2
"""Of the pause with each look: a job's memory grows at its start and then stays, and each look
starts two programs."""
_GPUS = "--query-gpu=uuid,memory.used,utilization.gpu"
_PROCESSES = "--query-compute-apps=gpu_uuid,pid,used_gpu_memory"
_PLAIN = "--format=csv,noheader,nounits"


@dataclass(frozen=True, slots=True)
class GpuState:
    """One GPU now: bytes in use, and the share of the last second that it was busy, 0 to 1."""

    used_bytes: int
    busy: float | None


@dataclass(slots=True)
class GpusInUse:
    """Follows the GPUs of one job; ``start`` before it runs, ``look`` as often as may be meanwhile.

    clock: seconds. peak_bytes: of the fullest GPU; None where nothing was seen. Looks that fail are
    left out, and those that come too soon after another.
    """

    clock: Callable[[], float] = time.monotonic
    peak_bytes: int | None = None
    _before: Mapping[str, GpuState] = field(default_factory=dict)
    _busy_seconds: float = 0.0
    _seconds: float = 0.0
    _pause: float = 0.0
    _last: float = 0.0

    def start(self) -> None:
        """Note what the GPUs hold without the job."""
        self._before = _gpus()
        self._last = self.clock()

    def look(self, pids: Set[int]) -> None:
        """Note what the job, with these processes, holds now."""
        if not self._before:
            return  # no GPU, or no driver
        since = self.clock() - self._last
        if since < self._pause:
            return
        self._pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, self._pause * _GROWTH))
        self._last += since
        gpus = _gpus()
        own = _of_processes(pids) or self._beyond(gpus)
        for uuid, used in own.items():
            self.peak_bytes = max(self.peak_bytes or 0, used)
            busy = gpus[uuid].busy if uuid in gpus else None
            if busy is not None:
                self._busy_seconds += busy * since
                self._seconds += since

    @property
    def utilization(self) -> float | None:
        """Mean share of time that the job's GPUs were busy, 0 to 1."""
        return self._busy_seconds / self._seconds if self._seconds else None

    def _beyond(self, gpus: Mapping[str, GpuState]) -> dict[str, int]:
        more = {
            uuid: now.used_bytes - self._before[uuid].used_bytes
            for uuid, now in gpus.items()
            if uuid in self._before
        }
        return {uuid: used for uuid, used in more.items() if used > 0}


def _gpus() -> dict[str, GpuState]:
    return {
        uuid: GpuState(used, None if (busy := _number(share)) is None else busy / 100)
        for uuid, memory, share in _asked(_GPUS, 3)
        if (used := _bytes(memory)) is not None
    }


def _of_processes(pids: Set[int]) -> dict[str, int]:
    """Bytes that these processes hold, by GPU."""
    held: dict[str, int] = {}
    for uuid, pid, memory in _asked(_PROCESSES, 3):
        used = _bytes(memory)
        if pid.isdigit() and int(pid) in pids and used is not None:
            held[uuid] = held.get(uuid, 0) + used
    return held


def _asked(query: str, columns: int) -> Iterator[list[str]]:
    program = shutil.which(PROGRAM)
    if program is None:
        return
    try:
        done = subprocess.run(
            [program, query, _PLAIN],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) == columns:
            yield cells


def _bytes(cell: str) -> int | None:
    """nvidia-smi counts in MiB; what a GPU cannot tell is ``[N/A]``."""
    number = _number(cell)
    return None if number is None else int(number * MIB)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
