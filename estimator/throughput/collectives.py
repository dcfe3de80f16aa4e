"""How long collectives take, by size, algorithm and link, and what of a step waits for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from estimator.drystep.cluster import CollectiveKind, CollectiveUse, RankSeen
from estimator.drystep.phase import Phase
from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.throughput.coefficients import ScalingCoefficients

LINKS_FILE = Path(__file__).with_name("links.yaml")

_WAITED_FOR = ("model", "pipe", "sep", "context")
"""Groups whose collectives the next kernel needs; those of others run beside the backward pass."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a message costs beside its bytes: seconds of a call, and of each hop from GPU to GPU.

    short_*: of messages up to ``short_bytes``, for which NCCL has a protocol of its own.
    source: where the figures are from.
    """

    call_seconds: float
    hop_seconds: float
    short_call_seconds: float
    short_hop_seconds: float
    source: str


@dataclass(frozen=True, slots=True)
class Links:
    """The kinds of link. efficiency_*: of the nominal rate, the interval of what is reached."""

    nvlink: Link
    pcie: Link
    network: Link
    short_bytes: int
    efficiency_lower: float
    efficiency_upper: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Seconds of a step in which the GPU waits for collectives: the target and its interval."""

    target: float
    lower: float
    upper: float


@lru_cache(maxsize=1)
def load_links() -> Links:
    """The shipped figures. Raises InternalError where the file cannot be read."""
    import yaml
    from pydantic import TypeAdapter

    try:
        document = yaml.safe_load(LINKS_FILE.read_text(encoding="utf-8"))
        return TypeAdapter(Links).validate_python(document)
    except (OSError, ValueError, yaml.YAMLError) as problem:
        raise InternalError(
            f"the figures of links cannot be read: {problem}",
            where=str(LINKS_FILE),
            hint="reinstall paddle-estimate",
        ) from problem


def waiting(seen: RankSeen, gpu: GpuType, numbers: ScalingCoefficients) -> Waiting:
    """What a rank waits for its recorded collectives in one step.

    Of those that run beside the backward pass the fitted share is hidden; none of it in the upper
    bound, all of it in the lower one. A receive is waited for as long as its message travels: the
    time until the sender is ready is the pipeline's bubble, which is counted elsewhere.
    """
    links = load_links()

    def total(efficiency: float, hidden: float) -> float:
        return sum(
            use.count
            * collective_seconds(use, seen.gpus_per_node, gpu, numbers, efficiency)
            * ((1 - hidden) if _is_overlapped(use) else 1.0)
            for use in seen.collectives
        )

    return Waiting(
        target=total(numbers.link_efficiency, numbers.overlap),
        lower=total(links.efficiency_upper, 1.0),
        upper=total(links.efficiency_lower, 0.0),
    )


def collective_seconds(
    use: CollectiveUse,
    gpus_per_node: int,
    gpu: GpuType,
    numbers: ScalingCoefficients,
    efficiency: float,
) -> float:
    """Seconds of one collective over a ring at this share of the link's nominal rate.

    Every rank sends ``steps`` messages one after the other (Patarasuk and Yuan 2009, "Bandwidth
    optimal all-reduce algorithms for clusters of workstations"). The slowest link of the group
    counts: the network where its ranks are on several nodes, else NVLink in one direction, else
    the PCIe bus.
    """
    count = len(use.ranks)
    if count < 2:
        return 0.0
    link, rate = _link(use.ranks, gpus_per_node, gpu, numbers)
    steps, share = _ring(use.kind, count)
    short = use.bytes <= load_links().short_bytes
    call = link.short_call_seconds if short else link.call_seconds
    hop = link.short_hop_seconds if short else link.hop_seconds
    return call + steps * hop + share * use.bytes / (rate * efficiency)


def _is_overlapped(use: CollectiveUse) -> bool:
    return use.group not in _WAITED_FOR and use.phase is Phase.BACKWARD


def _link(
    ranks: Iterable[int], gpus_per_node: int, gpu: GpuType, numbers: ScalingCoefficients
) -> tuple[Link, float]:
    """The slowest link of a group and its rate in bytes/s for each rank.

    Ranks of one group on the same node send around one ring, which leaves the node once; ranks of
    different groups that do so at the same time share the node's network.
    """
    links = load_links()
    inside = (links.nvlink, gpu.nvlink_bandwidth / 2) if gpu.nvlink_bandwidth else None
    inside = inside or (links.pcie, gpu.pcie_bandwidth)
    members = list(ranks)
    nodes = {rank // gpus_per_node for rank in members}
    if len(nodes) == 1:
        return inside
    of_this_node = max(1, len(members) // len(nodes))
    groups_at_once = max(1, gpus_per_node // of_this_node)
    return links.network, min(inside[1], numbers.network_bandwidth / groups_at_once)


def _ring(kind: CollectiveKind, count: int) -> tuple[int, float]:
    """Messages one after the other, and how often a rank's bytes pass its link.

    The bytes are what a rank puts in: of an all-gather its part, of a reduce-scatter the whole.
    """
    if kind is CollectiveKind.ALL_REDUCE:
        return 2 * (count - 1), 2 * (count - 1) / count
    if kind is CollectiveKind.ALL_GATHER:
        return count - 1, count - 1
    if kind in (CollectiveKind.REDUCE_SCATTER, CollectiveKind.ALL_TO_ALL):
        return count - 1, (count - 1) / count
    if kind in (CollectiveKind.SEND, CollectiveKind.RECEIVE):
        return 1, 1.0
    return count - 1, 1.0
