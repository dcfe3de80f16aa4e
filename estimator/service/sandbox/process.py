"""A child process behind bubblewrap, seen from outside."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from estimator.drystep.child_process import ChildProcess
from estimator.drystep.protocol import DUMP_SIGNAL

_SIGNAL_BASE = 128
"""How shells and bubblewrap report a command that died of a signal: 128 + its number."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class SandboxedProcess(ChildProcess):
    """bubblewrap, its first process inside, and what runs below that."""

    def stop(self) -> int:
        """Kill all of it; the exit code of what ran inside."""
        code = ChildProcess.stop(self)
        return _SIGNAL_BASE - code if code > _SIGNAL_BASE else code

    def ask_for_place(self) -> None:
        """Only what runs inside listens to the signal; bubblewrap would die of it."""
        for pid in descendants(self.process.pid)[2:]:
            with suppress(OSError):
                os.kill(pid, DUMP_SIGNAL)


def descendants(pid: int) -> list[int]:
    """The process and all below it: of a sandbox bubblewrap twice, then what runs inside."""
    return [pid, *(below for child in _children(pid) for below in descendants(child))]


def memory_of(pid: int, enough: int) -> int:
    """Bytes that a process and all below it hold together.

    Pages that several of them share count once; that takes time to find out and is done where a
    plain sum is beyond ``enough``.
    """
    family = descendants(pid)
    plain = sum(map(_resident, family))
    return plain if plain <= enough else sum(map(_proportional, family))


def _children(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _proportional(pid: int) -> int:
    """The sum over its pages of each one's size by the number of processes that map it."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
