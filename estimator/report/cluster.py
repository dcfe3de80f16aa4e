"""What a cluster has: nodes by kind, prices, limits of queues; plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from estimator.messages import sentence
from estimator.values import Missing

_NOT_SAID = Missing(sentence("the cluster description has no memory_price"))


@dataclass(frozen=True, slots=True)
class NodeKind:
    """Nodes that are alike. gpu: a type by name, '' for nodes without GPUs.

    cpu in cores, memory in bytes, both of one node; None where not said.
    """

    count: int
    gpu: str
    gpus: int
    cpu: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """nodes by kind; price of one GPU for an hour by type; GPUs that a queue may hold at once.

    memory_price: of a GiB of host memory for an hour, Missing where it has none of its own.
    source: where it was read from.
    """

    nodes: tuple[NodeKind, ...]
    prices: Mapping[str, float] = field(default_factory=dict)
    currency: str = ""
    queues: Mapping[str, int] = field(default_factory=dict)
    memory_price: float | Missing = _NOT_SAID
    source: str = ""

    def gpus(self) -> dict[str, int]:
        """GPUs by type, most first."""
        found: dict[str, int] = {}
        for kind in self.nodes:
            if kind.gpus:
                found[kind.gpu] = found.get(kind.gpu, 0) + kind.count * kind.gpus
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def with_gpus(self, gpu: str, more: int) -> Cluster:
        """The same with so many more GPUs of a type, or fewer, on nodes in the same proportion.

        What whole nodes do not make up is on one more. A type that is not there comes in nodes
        of 8.
        """
        own = [kind for kind in self.nodes if kind.gpu == gpu and kind.gpus] or [
            NodeKind(0, gpu, _USUAL_NODE)
        ]
        total = sum(kind.count * kind.gpus for kind in own)
        wanted = max(0, total + more)
        kinds = [replace(kind, count=kind.count * wanted // (total or 1)) for kind in own]
        rest = wanted - sum(kind.count * kind.gpus for kind in kinds)
        for at, kind in sorted(enumerate(kinds), key=lambda item: -item[1].gpus):
            extra, rest = divmod(rest, kind.gpus)
            kinds[at] = replace(kind, count=kind.count + extra)
        last = [replace(kinds[0], count=1, gpus=rest)] if rest else []
        others = [kind for kind in self.nodes if kind not in own]
        nodes = (*others, *(kind for kind in kinds if kind.count), *last)
        return replace(self, nodes=nodes)


_USUAL_NODE = 8
"""GPUs of a node of a type that the cluster does not have yet."""
