"""What a run tells of its place among other ranks."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import paddle

from estimator.drystep.child.collectives import LoneRank, hybrid_group
from estimator.drystep.child.cuda.nccl import groups_used
from estimator.drystep.child.script.model_seen import wrapped_optimizers
from estimator.drystep.cluster import CollectiveUse, RankSeen, Topology


class RankRecorder:
    """Gathers, in the process of a rank that runs alone, what it will report."""

    def __init__(self, lone: LoneRank) -> None:
        self._lone = lone
        self._collectives: tuple[CollectiveUse, ...] = ()
        self._optimizers: list[Any] = []
        self._pipeline: Any = None

    def begin(self) -> None:
        """A step that is recorded begins."""
        self._lone.forget()

    def end(self) -> None:
        """It has ended."""
        self._collectives = self._lone.collectives()

    def stepped(self, optimizer: Any) -> None:
        """``optimizer`` has done an update."""
        self._optimizers = wrapped_optimizers(optimizer)

    def pipeline(self, layer: Any) -> None:
        """The layers of a pipeline stage are trained."""
        self._pipeline = layer

    def seen(self, samples: int, backward_passes: int) -> RankSeen:
        """The report, of a step on so many samples."""
        chunks = getattr(self._pipeline, "get_num_virtual_stages", lambda: 1)()
        return RankSeen(
            rank=int(os.environ["PADDLE_TRAINER_ID"]),
            gpus_per_node=int(os.environ["PADDLE_LOCAL_SIZE"]),
            topology=topology(),
            shares=_shares(self._optimizers),
            mail=self._lone.sent(),
            collectives=self._collectives,
            samples=samples,
            micro_batches=max(1, backward_passes // chunks),
            chunks=chunks,
            groups=groups_used(),
        )


def topology() -> Topology:
    """Fleet's, or all ranks on one axis."""
    group = hybrid_group()
    if group is None:
        return Topology((("data", paddle.distributed.get_world_size()),))
    known = group._topo
    return Topology(tuple(zip(known.get_hybrid_group_names(), known._dims, strict=True)))


def _shares(optimizers: Iterable[Any]) -> tuple[int, ...]:
    """Bytes of the parameters that each rank of the sharding group updates.

    Fleet's stage 1 deals whole parameters out to the ranks, and so does stage 2; the other ways
    split each parameter evenly and say nothing.
    """
    for optimizer in optimizers:
        by_rank = vars(optimizer).get("_rank2params")
        if by_rank:
            return tuple(_bytes(by_rank[rank]) for rank in sorted(by_rank))
        if "_dtype_rank_params" in vars(optimizer):
            by_type = optimizer.dtype_rank_params.values()
            return tuple(sum(map(_bytes, each)) for each in zip(*by_type, strict=True))
    return ()


def _bytes(parameters: Iterable[paddle.Tensor]) -> int:
    return sum(p.size * p.element_size() for p in parameters)
