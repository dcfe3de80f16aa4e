"""A model and its optimizer as one rank of a job on several GPUs, wrapped as a user would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
from paddle.distributed import fleet

from estimator.drystep.child.collectives import hybrid_group
from estimator.drystep.measurement import PlanPoint
from estimator.drystep.strategy import DATA_PARALLEL, Strategy

_LEVELS = {2: "os_g", 3: "p_g_os"}
"""Of ``group_sharded_parallel`` by the sharding stage; its ``os`` is the same as ``os_g``."""

Wrapped = tuple[Any, Any, paddle.amp.GradScaler | None]


def start(point: PlanPoint, micro_batches: int) -> None:
    """Make this process a rank of a plan, with so many micro-batches of an update; once in a
    process.
    """
    strategy = point.strategy
    fleets = fleet.DistributedStrategy()
    fleets.hybrid_configs = dict(strategy.hybrid_configs(point.gpu_count))
    fleets.pipeline_configs = {
        "accumulate_steps": strategy.micro_batches_to_run(micro_batches),
        "micro_batch_size": -(-point.per_device_batch_size // micro_batches),
    }
    fleet.init(is_collective=True, strategy=fleets)


def wrapped(
    model: Any, optimizer: Any, scaler: paddle.amp.GradScaler | None, strategy: Strategy
) -> Wrapped:
    """Model, optimizer and scaler for this rank. Data parallel is ``paddle.DataParallel``, stage 2
    and 3 of sharding are ``group_sharded_parallel``, all else is Fleet's.

    ``DataParallel`` does not bear recompute, which runs parts of the backward pass inside it: the
    gradients are summed before the update instead, as Paddle's own suites do.
    """
    if strategy.sharding_stage in _LEVELS:
        return _group_sharded(model, optimizer, scaler, _LEVELS[strategy.sharding_stage])
    if strategy.sharding_stage != DATA_PARALLEL or strategy.split > 1:
        model, optimizer = fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)
        return model, optimizer, fleet.distributed_scaler(scaler) if scaler else None
    if strategy.recompute:
        return model, _summing(optimizer, model), scaler
    unused = any(parameter.stop_gradient for parameter in model.parameters())
    return paddle.DataParallel(model, find_unused_parameters=unused), optimizer, scaler


def with_loss(stage: Any, loss: Callable[[Any, Any], Any]) -> Any:
    """A stage of a pipeline, which gets the loss where the user's file has not given it one."""
    if all(own is None for own in paddle.utils.flatten(stage._loss_fn)):
        stage._loss_fn = [loss]
    return stage


def sendable(batch: Any) -> Any:
    """A batch as a ``DataLoader`` gives it: Paddle sends no tensor that is a view on another one,
    such as a slice.
    """
    return paddle.utils.map_structure(_whole, batch)


def _whole(leaf: Any) -> Any:
    return leaf.contiguous() if isinstance(leaf, paddle.Tensor) else leaf


def _group_sharded(
    model: Any, optimizer: Any, scaler: paddle.amp.GradScaler | None, level: str
) -> Wrapped:
    from paddle.distributed.sharding import group_sharded_parallel

    fleets = hybrid_group()
    several = fleets.get_data_parallel_world_size() > 1
    return group_sharded_parallel(  # type: ignore[no-any-return]
        model,
        optimizer,
        level,
        scaler=scaler,
        group=fleets.get_sharding_parallel_group(),
        dp_group=fleets.get_data_parallel_group() if several else None,
    )


def _summing(optimizer: Any, model: Any) -> Any:
    """The optimizer, which sums the gradients of all ranks before it steps."""
    from paddle.distributed.fleet.utils.hybrid_parallel_util import fused_allreduce_gradients

    step: Callable[[], Any] = optimizer.step

    def summed_step() -> Any:
        fused_allreduce_gradients(list(model.parameters()), None)
        return step()

    optimizer.step = summed_step
    return optimizer
