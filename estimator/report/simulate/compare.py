"""Replays held against each other and against the trace's own waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estimator.report.cluster import Cluster
from estimator.report.occupancy import by_step
from estimator.report.simulate.engine import BACKFILL, FIFO, Rules, simulate
from estimator.report.simulate.nodes import WHOLE
from estimator.report.simulate.trace import one_pool, pools_of, work_of
from estimator.report.statistics import Estimate, blocks_mean, ratio

if TYPE_CHECKING:
    import pandas as pd

_WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class Result:
    """One replay. waits: seconds of every job, NaN where it never started. held: GPU-hours of
    jobs by week; supplied: GPU-hours of the cluster in the same weeks, of which the last may be
    short. cost: of the cluster for a week, None where a price is not known.
    """

    waits: Any
    held: Any
    supplied: Any
    cost: float | None

    @property
    def utilisation(self) -> Estimate:
        """Held over supplied, bounded over weeks; 0 of a cluster without GPUs."""
        if not self.supplied.any():
            return Estimate(0.0, 0.0, 0.0, 0)
        return ratio(self.held, self.supplied)


def replay(frame: pd.DataFrame, cluster: Cluster, depth: int) -> Result:
    """Replay jobs of ``trace.replayable`` on a cluster."""
    import numpy as np
    import pandas as pd

    memory = bool(frame["requested_memory_bytes"].notna().any())
    pools = pools_of(cluster, together=one_pool(frame, cluster), memory=memory)
    work = work_of(frame, pools, "submitted")
    started = simulate(work, pools.nodes, Rules(depth, pools.limits)).started
    edges = _edges(work.submitted[0], started + work.seconds)
    gpus = work.milli / WHOLE
    hours = gpus * work.seconds / 3600
    ran = pd.DataFrame({"began": started, "seconds": work.seconds, "gpus": gpus, "hours": hours})
    supplied = pools.gpus * np.diff(edges) / 3600
    return Result(started - work.submitted, by_step(ran, edges), supplied, _cost(cluster))


def _edges(first: float, ends: Any) -> Any:
    """Bounds of the weeks from the first arrival to the last end."""
    import numpy as np

    known = ends[np.isfinite(ends)]
    last = float(known.max()) if len(known) else first
    return np.append(np.arange(first, last, _WEEK), last)


def _cost(cluster: Cluster) -> float | None:
    gpus = cluster.gpus()
    if any(name not in cluster.prices for name in gpus):
        return None
    return sum(count * cluster.prices[name] for name, count in gpus.items()) * 7 * 24


def mean_wait(frame: pd.DataFrame, waits: Any) -> Estimate | None:
    """The mean wait of the jobs that started, bounded over weeks; None where none did."""
    import numpy as np

    known = np.isfinite(waits)
    if not known.any():
        return None
    return blocks_mean(waits[known], _weeks(frame)[known])


def difference(frame: pd.DataFrame, waits: Any, others: Any) -> Estimate | None:
    """The mean of how much longer each job waits than in another replay of the same jobs."""
    return mean_wait(frame, waits - others)


def _weeks(frame: pd.DataFrame) -> Any:
    import numpy as np

    submitted = frame["submitted"].to_numpy("float64")
    return np.floor((submitted - submitted.min()) / _WEEK)


def nearer_depth(frame: pd.DataFrame, results: dict[int, Result]) -> int | None:
    """The rule whose mean wait is nearer to the trace's own; None where it does not tell waits."""
    own = frame["wait"].to_numpy("float64")
    told = mean_wait(frame, own)
    if told is None:
        return None
    found = {depth: mean_wait(frame, result.waits) for depth, result in results.items()}
    return min(
        (depth for depth, mean in found.items() if mean is not None),
        key=lambda depth: abs((found[depth] or told).value - told.value),
        default=None,
    )


DEPTHS = (FIFO, BACKFILL)
