"""The event loop: jobs arrive, wait, are placed, end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any

from estimator.report.simulate.nodes import WHOLE, Nodes, NodeSize, Placed

FIFO = 1
BACKFILL = 100
"""Jobs at the front of a queue that are tried when room comes free: 1 is first come first served;
100 is what Slurm's backfill looks at by default (bf_max_job_test)."""


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs in order of submission, as arrays of one length.

    submitted, seconds: in seconds. milli: thousandths of GPUs. memory: bytes on each node, 0 where
    not known. pool: place of the GPU type. queue: place of the queue's limit, -1 for none.
    """

    submitted: Any
    seconds: Any
    milli: Any
    memory: Any
    pool: Any
    queue: Any

    def __len__(self) -> int:
        return len(self.submitted)


@dataclass(frozen=True, slots=True)
class Rules:
    """depth: waiting jobs that are tried, FIFO or BACKFILL. limits: GPU thousandths by queue."""

    depth: int = FIFO
    limits: tuple[int, ...] = ()


@dataclass(slots=True)
class PoolWatch:
    """What one pool was like over time; integrals over seconds.

    stranded: free GPUs at times when a job waited that would have fitted into their number but
    not into their places. on_node, gang: seconds by the largest job that fitted on one node, and
    at all.
    """

    seconds: float = 0.0
    held: float = 0.0
    stranded: float = 0.0
    on_node: dict[int, float] = field(default_factory=dict)
    gang: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """started: seconds, NaN for jobs that never did. watches: by pool, empty if not asked for."""

    started: Any
    watches: tuple[PoolWatch, ...]


def simulate(
    work: Work, pools: Sequence[Sequence[NodeSize]], rules: Rules, *, watch: bool = False
) -> Outcome:
    """Replay the work on pools of nodes, each of one GPU type.

    A job that does not fit into its pool when all of it is free never starts. Nobody submits less
    because others wait.
    """
    return _Replay(work, pools, rules, watch).run()


class _Replay:
    """The state of one replay. Lists, not arrays: they are read one by one."""

    def __init__(
        self, work: Work, pools: Sequence[Sequence[NodeSize]], rules: Rules, watch: bool
    ) -> None:
        self._submitted = work.submitted.tolist()
        self._seconds = work.seconds.tolist()
        self._milli = work.milli.tolist()
        self._gpus = (work.milli // WHOLE).tolist()  # at least so many whole ones must be free
        self._memory = work.memory.tolist()
        self._pool = work.pool.tolist()
        self._queue = work.queue.tolist()
        self._nodes = [Nodes(sizes) for sizes in pools]
        self._waiting: list[deque[int]] = [deque() for _ in pools]
        self._ends: list[tuple[float, int]] = []
        self._placed: dict[int, Placed] = {}
        self._started = [float("nan")] * len(work)
        self._depth = rules.depth
        self._room = list(rules.limits)
        self._watches = [PoolWatch() for _ in pools] if watch else []
        self._now = [self._submitted[0] if len(work) else 0.0] * len(pools)

    def run(self) -> Outcome:
        """All events in order; a job that ends makes room for one that arrives at that moment."""
        import numpy as np

        ends, submitted = self._ends, self._submitted
        arriving, count = 0, len(submitted)
        while arriving < count or ends:
            if ends and (arriving == count or ends[0][0] <= submitted[arriving]):
                self._end(*heappop(ends))
            else:
                self._arrive(arriving)
                arriving += 1
        return Outcome(np.array(self._started, "float64"), tuple(self._watches))

    def _arrive(self, job: int) -> None:
        pool, now = self._pool[job], self._submitted[job]
        if pool < 0 or not self._nodes[pool].ever_fits(self._milli[job]):
            return
        if self._watches:
            self._observe(pool, now)
        waiting = self._waiting[pool]
        if len(waiting) >= self._depth or not self._start(job, now):
            waiting.append(job)

    def _end(self, now: float, job: int) -> None:
        pool = self._pool[job]
        if self._watches:
            self._observe(pool, now)
        self._nodes[pool].release(self._placed.pop(job), self._memory[job])
        if not self._room:
            self._start_waiting(pool, now)
            return
        if self._queue[job] >= 0:
            self._room[self._queue[job]] += self._milli[job]
        # room in a queue is room in every pool that the queue has jobs in
        for each in range(len(self._nodes)):
            self._start_waiting(each, now)

    def _start(self, job: int, now: float) -> bool:
        queue, milli = self._queue[job], self._milli[job]
        if self._room and queue >= 0 and self._room[queue] < milli:
            return False
        placed = self._nodes[self._pool[job]].place(milli, self._memory[job])
        if placed is None:
            return False
        if self._room and queue >= 0:
            self._room[queue] -= milli
        self._placed[job] = placed
        self._started[job] = now
        heappush(self._ends, (now + self._seconds[job], job))
        return True

    def _start_waiting(self, pool: int, now: float) -> None:
        """Start every waiting job that fits, of the first ``depth``, in their order."""
        waiting, nodes = self._waiting[pool], self._nodes[pool]
        at = 0
        while at < len(waiting) and at < self._depth:
            job = waiting[at]
            if self._gpus[job] <= nodes.free and self._start(job, now):
                del waiting[at]
            else:
                at += 1

    def _observe(self, pool: int, now: float) -> None:
        """Add what has been since the last event of the pool."""
        watch, nodes, past = self._watches[pool], self._nodes[pool], now - self._now[pool]
        self._now[pool] = now
        if past <= 0:
            return
        watch.seconds += past
        watch.held += past * (nodes.total - nodes.free)
        waiting = self._waiting[pool]
        if waiting and 1 <= self._gpus[waiting[0]] <= nodes.free:
            watch.stranded += past * nodes.free
        on_node, gang = nodes.largest_on_one_node(), nodes.largest_gang()
        watch.on_node[on_node] = watch.on_node.get(on_node, 0.0) + past
        watch.gang[gang] = watch.gang.get(gang, 0.0) + past
