"""One rank of a job on many GPUs, which runs alone: what the launcher would have told it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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

    def environment(self, device_type: str) -> Mapping[str, str]:
        """The variables that ``paddle.distributed.launch`` sets, with this device's collectives.

        ``VIRTUAL_RANK_ALONE`` tells Paddle's store not to wait for the other ranks
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
            "PADDLE_RANK_IN_NODE": str(self.rank % self.gpus_per_node),
            "PADDLE_LOCAL_RANK": str(self.rank % self.gpus_per_node),
            "PADDLE_NNODES": str(self.nodes),
            "PADDLE_MASTER": addresses[0],
            "PADDLE_DISTRI_BACKEND": "xccl",
            "PADDLE_XCCL_BACKEND": device_type,
            f"FLAGS_selected_{device_type}s": "0",
            "VIRTUAL_RANK_ALONE": "1",
        }

    def _address(self, rank: int) -> str:
        node, place = divmod(rank, self.gpus_per_node)
        return f"127.0.{node // 250}.{1 + node % 250}:{_FIRST_PORT + place}"
