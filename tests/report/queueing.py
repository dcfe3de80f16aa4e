"""``make queueing``: the replay against M/M/c, by as many jobs as it takes to tell 2 % from chance.

Waits of a busy queue hang together for long: a mean over a million jobs of 64 servers is off by
several percent in a correct simulation too. So many runs of other seeds are taken, each without
its first twentieth (it begins empty), and the mean of their means has an interval that chance
alone allows. Arrivals and services of each run are known to be off their own expectations by so
and so much; what that explains is taken out (control variates, the factors by least squares).
"""

from __future__ import annotations

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from estimator.report.simulate.engine import Rules, Work, simulate
from estimator.report.simulate.nodes import NodeSize

CASES = ((1, 0.5), (8, 0.8), (64, 0.9), (64, 0.95))
RUNS, JOBS = 64, 600_000
BAR = 0.02
_BEGINNING = 20
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Compared:
    """The mean wait over that of theory, less 1; half: of its interval of 95 %."""

    off: float
    half: float


def erlang_c(servers: int, offered: float) -> float:
    """Chance of waiting in M/M/c (Erlang 1917), by the recursion of Erlang B."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    busy = offered / servers
    return blocked / (1 - busy * (1 - blocked))


def mean_wait(servers: int, busy: float) -> float:
    """Of M/M/c with services of 1 s: C / (c mu - lambda)."""
    return erlang_c(servers, busy * servers) / (servers - busy * servers)


def m_m_c(servers: int, busy: float, count: int, seed: int) -> Work:
    """Jobs of one GPU that arrive at random and run for 1 s in the mean."""
    draw, none = np.random.default_rng(seed), np.zeros(count, "int64")
    submitted = np.cumsum(draw.exponential(1 / (busy * servers), count))
    return Work(submitted, draw.exponential(1.0, count), none + 1000, none * 0.0, none, none - 1)


def run(servers: int, busy: float, count: int, seed: int) -> tuple[float, float, float]:
    """Of the mean wait, gap between arrivals, and service: how far off theory, less 1."""
    jobs, first = m_m_c(servers, busy, count, seed), count // _BEGINNING
    waits = simulate(jobs, [[NodeSize(1)] * servers], Rules()).started - jobs.submitted
    gaps = np.diff(jobs.submitted[first:])
    return (
        float(waits[first:].mean()) / mean_wait(servers, busy) - 1,
        float(gaps.mean()) * busy * servers - 1,
        float(jobs.seconds[first:].mean()) - 1,
    )


def compared(runs: Any) -> Compared:
    """Runs as ``run`` tells them, one a row."""
    told = np.asarray(runs)
    known = np.column_stack([np.ones(len(told)), told[:, 1:]])
    factors = np.linalg.lstsq(known, told[:, 0], rcond=None)[0]
    rest = told[:, 0] - known @ factors
    error = math.sqrt(float(rest @ rest) / (len(told) - 3) / len(told))
    return Compared(float(factors[0]), _Z * error)


def main() -> int:
    """0 if every case is within the bar, and the runs were enough to tell."""
    failed = 0
    with ProcessPoolExecutor(2) as pool:
        for servers, busy in CASES:
            one = partial(run, servers, busy, JOBS)
            found = compared(list(pool.map(one, range(RUNS))))
            holds = abs(found.off) <= BAR and found.half <= BAR
            failed += not holds
            print(
                f"M/M/{servers} {busy:.0%} busy, {RUNS} runs of {JOBS} jobs: mean wait "
                f"{found.off:+.2%} off theory, +-{found.half:.2%}: {'holds' if holds else 'FAILS'}",
                flush=True,
            )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
