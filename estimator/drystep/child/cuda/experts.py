"""Mixture of experts as ``paddle.incubate`` has it: what only CUDA builds do, done by Python.

Paddle's kernels for custom devices drop the wrong tokens (``prune_gate_by_capacity``), or none of
its device has them (``global_scatter``, which ends the process).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from paddle import _C_ops, _legacy_C_ops
from paddle.distributed.communication import stream
from paddle.distributed.communication.group import _GroupManager

from estimator.drystep.child.notes import noting
from estimator.messages import sentence

_DROPPED = -1
"""The expert of a token that goes to none."""

_EVENLY = sentence(
    "the experts of a mixture are taken to get equal shares of the tokens, and none is dropped by "
    "chance: which ones get more is known only on a card"
)


def offer_experts() -> None:
    """Let the operators of a mixture of experts work. It cannot be undone."""
    vars(_C_ops)["number_count"] = noting(_EVENLY, _C_ops.number_count)
    vars(_C_ops)["prune_gate_by_capacity"] = _prune_gate_by_capacity
    vars(_legacy_C_ops)["random_routing"] = _random_routing
    vars(_legacy_C_ops)["global_scatter"] = _global_scatter
    vars(_legacy_C_ops)["global_gather"] = _global_gather


def _prune_gate_by_capacity(
    gate: paddle.Tensor, expert_count: paddle.Tensor, experts: int, workers: int
) -> paddle.Tensor:
    """Each token's expert, in order, for as many tokens as it has room for."""
    chosen, room = gate.numpy().reshape([-1]), expert_count.numpy().reshape([-1])
    pruned = np.full_like(chosen, _DROPPED)
    for expert in range(experts * workers):
        kept = np.flatnonzero(chosen == expert)[: room[expert]]
        pruned[kept] = expert
    return paddle.to_tensor(pruned.reshape(gate.shape))


def _random_routing(_: Any, __: Any, chosen: paddle.Tensor) -> paddle.Tensor:
    """A card drops some second experts by chance; the most memory is taken where none is."""
    return chosen.clone()


def _global_scatter(
    x: paddle.Tensor, local_count: paddle.Tensor, global_count: paddle.Tensor, *options: Any
) -> paddle.Tensor:
    """Sends each expert's tokens to the rank that has it. x: [tokens, width]."""
    return _exchanged(x, local_count, global_count, options)


def _global_gather(
    x: paddle.Tensor, local_count: paddle.Tensor, global_count: paddle.Tensor, *options: Any
) -> paddle.Tensor:
    """Sends them back."""
    return _exchanged(x, global_count, local_count, options)


def _exchanged(
    x: paddle.Tensor, sent: paddle.Tensor, received: paddle.Tensor, options: tuple[Any, ...]
) -> paddle.Tensor:
    """counts: of each expert, rank by rank. options: names and values in turn."""
    said = dict(zip(options[::2], options[1::2], strict=True))
    group = _GroupManager.group_map_by_id[said["ring_id"]]
    rows_sent, rows_received = (
        counts.numpy().reshape([group.nranks, -1]).sum(1).tolist() for counts in (sent, received)
    )
    out = paddle.empty([sum(rows_received), *x.shape[1:]], x.dtype)
    stream.alltoall_single(out, x, rows_received, rows_sent, group=group)
    return out
