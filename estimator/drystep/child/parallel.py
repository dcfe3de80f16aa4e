"""A model and its optimizer as one rank of a job on several GPUs, wrapped as a user would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
from paddle.distributed import fleet

from estimator.drystep.child.collectives import hybrid_group
from estimator.drystep.strategy import DATA_PARALLEL

_LEVELS = {2: "os_g", 3: "p_g_os"}
"""Of ``group_sharded_parallel`` by the sharding stage; its ``os`` is the same as ``os_g``."""

_FLEETS_STAGE = 1

Wrapped = tuple[Any, Any, paddle.amp.GradScaler | None]


def start(gpus: int, sharding_stage: int) -> None:
    """Make this process a rank among ``gpus``; once in a process."""
    shards = sharding_stage != DATA_PARALLEL
    strategy = fleet.DistributedStrategy()
    strategy.hybrid_configs = {
        "dp_degree": 1 if shards else gpus,
        "mp_degree": 1,
        "pp_degree": 1,
        "sharding_degree": gpus if shards else 1,
    }
    fleet.init(is_collective=True, strategy=strategy)


def wrapped(
    model: Any,
    optimizer: Any,
    scaler: paddle.amp.GradScaler | None,
    sharding_stage: int,
    *,
    recompute: bool,
) -> Wrapped:
    """Model, optimizer and scaler for this rank. Stage 1 is Fleet's, 2 and 3 are
    ``group_sharded_parallel``, without sharding it is ``paddle.DataParallel``.

    That does not bear recompute, which runs parts of the backward pass inside it: the gradients are
    summed before the update instead, as Paddle's own suites do.
    """
    if sharding_stage == DATA_PARALLEL:
        if recompute:
            return model, _summing(optimizer, model), scaler
        unused = any(parameter.stop_gradient for parameter in model.parameters())
        return paddle.DataParallel(model, find_unused_parameters=unused), optimizer, scaler
    if sharding_stage == _FLEETS_STAGE:
        model, optimizer = fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)
        return model, optimizer, fleet.distributed_scaler(scaler) if scaler else None
    from paddle.distributed.sharding import group_sharded_parallel

    group = hybrid_group().get_sharding_parallel_group()
    level = _LEVELS[sharding_stage]
    return group_sharded_parallel(model, optimizer, level, scaler=scaler, group=group)  # type: ignore[no-any-return]


def _summing(optimizer: Any, model: Any) -> Any:
    """The optimizer, which sums the gradients of all ranks before it steps."""
    from paddle.distributed.fleet.utils.hybrid_parallel_util import fused_allreduce_gradients

    step: Callable[[], Any] = optimizer.step

    def summed_step() -> Any:
        fused_allreduce_gradients(list(model.parameters()), None)
        return step()

    optimizer.step = summed_step
    return optimizer
