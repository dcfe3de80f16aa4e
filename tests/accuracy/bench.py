"""How long the command takes, as a ratio to ``python -c "import paddle"`` in the same run.

    python -m tests.accuracy.bench [--runs N]

Runs alternate, so that a machine that slows down slows both. Wall time; medians. Ends with 1
where a ratio or the resident memory is above its goal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

GIB = 1 << 30
_IMPORT = (sys.executable, "-W", "ignore", "-c", "import paddle")
_COMMAND = (sys.executable, "-m", "estimator", "--json")


@dataclass(frozen=True, slots=True)
class Case:
    """A question, and the most it may take: times ``import paddle``, bytes of one process."""

    name: str
    arguments: tuple[str, ...]
    most_ratio: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """One finished process: wall seconds, and the largest resident size of it or a child."""

    seconds: float
    resident_bytes: int


CASES = (
    Case("ResNet-50, every GPU type", ("notebooks/models/resnet50.py",), 3.0, 3 * GIB),
    Case(
        "7-billion-parameter decoder",
        (
            "notebooks/models/llama_7b.py",
            "--batch-size",
            "1",
            "--amp",
            "O2",
            "--amp-dtype",
            "bfloat16",
        ),
        12.0,
        3 * GIB,
    ),
)


def timed(command: tuple[str, ...]) -> Run:
    """Run a command to its end; output is thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_maxrss * 1024)


def measure(case: Case, runs: int) -> bool:
    """Print one row; True where the goals are met."""
    command = (*_COMMAND, *case.arguments)
    timed(command)  # builds the virtual GPU, warms the disk cache
    pairs = [(timed(command), timed(_IMPORT)) for _ in range(runs)]
    ratio = statistics.median(ours.seconds / theirs.seconds for ours, theirs in pairs)
    seconds = statistics.median(ours.seconds for ours, _ in pairs)
    importing = statistics.median(theirs.seconds for _, theirs in pairs)
    resident = max(ours.resident_bytes for ours, _ in pairs)
    good = ratio <= case.most_ratio and resident <= case.most_bytes
    print(
        f"{case.name:30} {seconds:6.2f} s / {importing:5.2f} s = {ratio:5.2f} x "
        f"(goal {case.most_ratio:g}), resident {resident / GIB:.2f} GiB "
        f"(goal {case.most_bytes / GIB:g}){'' if good else '  MISSED'}"
    )
    return good


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    met = [measure(case, runs) for case in CASES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
