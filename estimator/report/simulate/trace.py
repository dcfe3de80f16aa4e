"""Job records and a cluster as work and pools that can be replayed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from estimator.report.cluster import Cluster
from estimator.report.jobs import looked_up
from estimator.report.simulate.engine import Work
from estimator.report.simulate.nodes import WHOLE, NodeSize

if TYPE_CHECKING:
    import pandas as pd

MOST_REPLAYED = 200_000
"""Jobs of one replay, the latest ones: a replay takes about a second for 100,000."""
ALL_TYPES = ""
"""The name of the one pool of a cluster whose jobs do not say their GPU type."""


@dataclass(frozen=True, slots=True)
class Pools:
    """GPU types by place, their nodes, and the queues that have limits, by place."""

    names: tuple[str, ...]
    nodes: tuple[tuple[NodeSize, ...], ...]
    queues: tuple[str, ...]
    limits: tuple[int, ...]

    @property
    def gpus(self) -> int:
        return sum(node.gpus for nodes in self.nodes for node in nodes)


@dataclass(frozen=True, slots=True)
class Replayable:
    """Jobs that can be replayed. frame: in order of submission. left_out: jobs with GPUs that
    cannot: no length, no time, or a GPU type that the cluster does not have. thinned: earlier
    jobs that are left out because there are more than MOST_REPLAYED.
    """

    frame: pd.DataFrame
    left_out: int
    thinned: int


def replayable(frame: pd.DataFrame, cluster: Cluster, start: str) -> Replayable:
    """The jobs that hold GPUs, by the column that says when they come."""
    import numpy as np

    types = frame["gpu"]
    known = np.isfinite(frame[start]) & (frame["seconds"] > 0)
    if not one_pool(frame, cluster):
        known &= types.isin(list(cluster.gpus()))
    chosen = frame[known].sort_values(start, kind="stable")
    kept = chosen.tail(MOST_REPLAYED).reset_index(drop=True)
    return Replayable(kept, len(frame) - len(chosen), len(chosen) - len(kept))


def one_pool(frame: pd.DataFrame, cluster: Cluster) -> bool:
    """Whether all GPUs count as one: no job says its type, or the cluster has only one."""
    return len(cluster.gpus()) == 1 or not (frame["gpu"] != "").any()


def pools_of(cluster: Cluster, *, together: bool, memory: bool) -> Pools:
    """The nodes of a cluster by GPU type. memory: whether jobs say how much they ask for."""
    by_type: dict[str, list[NodeSize]] = {}
    for kind in cluster.nodes:
        if kind.gpus:
            size = NodeSize(kind.gpus, kind.memory_bytes if memory else None)
            name = ALL_TYPES if together else kind.gpu
            by_type.setdefault(name, []).extend([size] * kind.count)
    return Pools(
        tuple(by_type),
        tuple(map(tuple, by_type.values())),
        tuple(cluster.queues),
        tuple(gpus * WHOLE for gpus in cluster.queues.values()),
    )


def work_of(frame: pd.DataFrame, pools: Pools, start: str) -> Work:
    """The jobs of a frame that ``replayable`` made."""
    import numpy as np

    places = {name: place for place, name in enumerate(pools.names)}
    together = pools.names == (ALL_TYPES,) or len(pools.names) == 1
    pool = np.zeros(len(frame)) if together else looked_up(frame["gpu"], places)
    queue = looked_up(frame["queue"], {name: at for at, name in enumerate(pools.queues)})
    return Work(
        frame[start].to_numpy("float64"),
        frame["seconds"].to_numpy("float64"),
        np.maximum(1, np.round(frame["gpus"].to_numpy("float64") * WHOLE)).astype("int64"),
        _memory(frame),
        np.nan_to_num(pool, nan=-1).astype("int64"),
        np.nan_to_num(queue, nan=-1).astype("int64"),
    )


def _memory(frame: pd.DataFrame) -> Any:
    return frame["requested_memory_bytes"].fillna(0.0).to_numpy("float64")
