"""One rank of a job on many GPUs, which runs alone: what it is told, and what it brings back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from estimator.drystep.phase import Phase

_FIRST_PORT = 36000
"""Nobody listens on the ranks' ports; Paddle only compares the addresses."""


@dataclass(frozen=True, slots=True)
class VirtualRank:
    """Rank ``rank`` of ``nodes`` x ``gpus_per_node``, numbered node by node as the launcher does.

    Raises ValueError for a rank that such a job does not have.
    """

    rank: int
    gpus_per_node: int
    nodes: int = 1

    def __post_init__(self) -> None:
        if min(self.gpus_per_node, self.nodes) < 1 or not 0 <= self.rank < self.world_size:
            raise ValueError(
                f"no rank {self.rank} of {self.nodes} nodes with {self.gpus_per_node} GPUs each"
            )

    @property
    def world_size(self) -> int:
        return self.nodes * self.gpus_per_node

    @property
    def node(self) -> int:
        """The node that the rank is on, from 0."""
        return self.rank // self.gpus_per_node

    def environment(self) -> Mapping[str, str]:
        """The variables that ``paddle.distributed.launch`` sets.

        Only the number of the GPU is 0 for every rank, as each runs on the one virtual GPU of its
        process. ``VIRTUAL_RANK_ALONE`` tells Paddle's store not to wait for the other ranks
        (device/source/lonely_store.cpp).
        """
        addresses = [self._address(rank) for rank in range(self.world_size)]
        return {
            "PADDLE_TRAINERS_NUM": str(self.world_size),
            "PADDLE_TRAINER_ID": str(self.rank),
            "PADDLE_TRAINER_ENDPOINTS": ",".join(addresses),
            "PADDLE_CURRENT_ENDPOINT": addresses[self.rank],
            "PADDLE_GLOBAL_SIZE": str(self.world_size),
            "PADDLE_GLOBAL_RANK": str(self.rank),
            "PADDLE_LOCAL_SIZE": str(self.gpus_per_node),
            "PADDLE_RANK_IN_NODE": str(self.place),
            "PADDLE_LOCAL_RANK": str(self.place),
            "PADDLE_NNODES": str(self.nodes),
            "PADDLE_MASTER": addresses[0],
            "FLAGS_selected_gpus": "0",
            "VIRTUAL_RANK_ALONE": "1",
        }

    @property
    def place(self) -> int:
        """Which GPU of its node it is, from 0."""
        return self.rank % self.gpus_per_node

    def _address(self, rank: int) -> str:
        node, place = divmod(rank, self.gpus_per_node)
        return f"127.0.{node // 250}.{1 + node % 250}:{_FIRST_PORT + place}"


class CollectiveKind(StrEnum):
    """What a collective does; in the order of the plug-in's own numbers."""

    ALL_REDUCE = "all_reduce"
    BROADCAST = "broadcast"
    REDUCE = "reduce"
    ALL_GATHER = "all_gather"
    REDUCE_SCATTER = "reduce_scatter"
    SEND = "send"
    RECEIVE = "receive"
    ALL_TO_ALL = "all_to_all"


@dataclass(frozen=True, slots=True)
class CollectiveUse:
    """A collective of a recorded step, ``count`` times in a row.

    bytes: what this rank puts in each time (receive: takes out). group: the axis of Fleet's
    topology (``data``, ``model`` ...), ``world``, or the group's number; ranks: its members. peer:
    the other rank of a send or receive, the root of a broadcast or reduce, None elsewhere.
    """

    kind: CollectiveKind
    group: str
    ranks: tuple[int, ...]
    peer: int | None
    phase: Phase
    bytes: int
    count: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A small message that a rank sent to another one; the text is hexadecimal."""

    to: int
    text: str


@dataclass(frozen=True, slots=True)
class Topology:
    """How the ranks of a job are laid out: the axes with their degrees, the slowest first.

    Without Fleet there is one axis, ``data``.
    """

    axes: tuple[tuple[str, int], ...]

    @property
    def world_size(self) -> int:
        return prod(degree for _, degree in self.axes)

    def degree(self, axis: str) -> int:
        """1 for an axis that is not there."""
        return dict(self.axes).get(axis, 1)

    def place(self, rank: int) -> Mapping[str, int]:
        """Where a rank stands on each axis."""
        places: dict[str, int] = {}
        for name, degree in reversed(self.axes):
            rank, places[name] = divmod(rank, degree)
        return places

    def rank_at(self, places: Mapping[str, int]) -> int:
        """The rank that stands at these places, and at 0 on every other axis."""
        rank = 0
        for name, degree in self.axes:
            rank = rank * degree + places.get(name, 0)
        return rank

    @property
    def copies(self) -> int:
        """How many ranks work on different samples."""
        return self.degree("data") * self.degree("sharding")


@dataclass(frozen=True, slots=True)
class Communicator:
    """One of NCCL, with so many ranks, as a rank of it holds it.

    connections: to other ranks directly, each in one direction, as a send, a receive or an
    all-to-all needs them. has_rings: whether there are collectives in it, which go around all its
    ranks. spans_nodes: whether its ranks are on several nodes.
    """

    ranks: int
    connections: int = 0
    has_rings: bool = True
    spans_nodes: bool = False


_PAIRS = (CollectiveKind.SEND, CollectiveKind.RECEIVE)


@dataclass(frozen=True, slots=True)
class RankSeen:
    """What a rank that ran alone brings back, beside its measurement.

    shares: bytes of the parameters that each rank of the sharding group updates; empty where that
    is not split, or evenly. samples: of one optimizer step of this rank. micro_batches: forward
    passes of one optimizer step; chunks: pieces of the model on this pipeline stage. groups: the
    ranks of each group that it has communicated in since it began.
    """

    rank: int
    gpus_per_node: int
    topology: Topology
    shares: tuple[int, ...]
    mail: tuple[Letter, ...]
    collectives: tuple[CollectiveUse, ...]
    samples: int
    micro_batches: int
    chunks: int = 1
    groups: tuple[tuple[int, ...], ...] = ()

    @property
    def communicators(self) -> tuple[Communicator, ...]:
        """Those that NCCL makes for this rank.

        One for each group, and one for each other rank that it sends to or receives from
        (``ProcessGroupNCCL::Point2Point`` of Paddle).
        """
        pairs = [use for use in self.collectives if use.kind in _PAIRS]
        whole = {use.ranks for use in self.collectives if use.kind not in _PAIRS} | set(self.groups)
        peers = {use.peer for use in pairs if use.peer is not None}
        return (*map(self._of_group, sorted(whole)), *map(self._of_pair, sorted(peers)))

    def _of_group(self, ranks: tuple[int, ...]) -> Communicator:
        """An all-to-all sends to and receives from each of the others."""
        kinds = {use.kind for use in self.collectives if use.ranks == ranks}
        directly = 2 * (len(ranks) - 1) if CollectiveKind.ALL_TO_ALL in kinds else 0
        return Communicator(len(ranks), directly, spans_nodes=self._spans_nodes(ranks))

    def _of_pair(self, peer: int) -> Communicator:
        pairs = (use for use in self.collectives if use.kind in _PAIRS)
        kinds = {use.kind for use in pairs if use.peer == peer}
        return Communicator(2, len(kinds), has_rings=False, spans_nodes=self._spans_nodes((peer,)))

    def _spans_nodes(self, ranks: Iterable[int]) -> bool:
        return len({rank // self.gpus_per_node for rank in (self.rank, *ranks)}) > 1
