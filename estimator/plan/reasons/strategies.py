"""What a program does for a plan that was run on several GPUs."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from estimator.drystep.strategy import PLAIN, Strategy
from estimator.messages import sentence
from estimator.plan.types import CandidatePlan


def was_run(count: int) -> str:
    return sentence(
        "each kind of rank of this plan on {count} GPUs was run on the virtual GPU; the YAML "
        "cannot switch it on, the program has to",
        count=count,
    )


def wrapping(plan: CandidatePlan) -> str:
    """The lines of a program that bring about the plan's strategy."""
    strategy = plan.strategy
    if strategy.pipeline_parallel_degree > 1:
        return _of_a_pipeline(plan)
    if strategy.split_alone != PLAIN:
        return _of_a_split_model(strategy, plan.gpu_count)
    if strategy.sharding_stage == 0 and strategy.recompute:
        return sentence(
            "data parallel: fused_allreduce_gradients(model.parameters(), None) before "
            "optimizer.step(), because paddle.DataParallel does not bear recompute"
        )
    if strategy.sharding_stage == 0:
        return sentence("data parallel: model = paddle.DataParallel(model)")
    if strategy.sharding_groups > 1:
        return _in_groups(strategy, plan.gpu_count)
    lines = {
        1: f'fleet.init, hybrid_configs = {{"sharding_degree": N}}, {_FLEETS_WRAPPERS}',
        2: 'group_sharded_parallel(model, optimizer, "os_g")',
        3: 'group_sharded_parallel(model, optimizer, "p_g_os")',
    }
    return sentence(
        "sharding stage {stage}: {lines}",
        stage=strategy.sharding_stage,
        lines=lines[strategy.sharding_stage],
    )


_FLEETS_WRAPPERS = "fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)"


def _options(strategy: Strategy) -> str:
    return ", ".join(f"{name}={value}" for name, value in strategy.model_options.items())


def _of_a_pipeline(plan: CandidatePlan) -> str:
    samples = -(-plan.per_device_batch_size // plan.micro_batches)
    return sentence(
        "the model is split: fleet.init with hybrid_configs = {degrees} and pipeline_configs = "
        "{pipeline}, then build_model({options}), then {lines}, and in each step "
        "model.train_batch([inputs, labels], optimizer)",
        degrees=dict(plan.strategy.hybrid_configs(plan.gpu_count)),
        pipeline={"accumulate_steps": plan.micro_batches, "micro_batch_size": samples},
        options=_options(plan.strategy),
        lines=_FLEETS_WRAPPERS,
    )


def _in_groups(strategy: Strategy, count: int) -> str:
    return sentence(
        "sharding stage {stage} in {groups} groups of GPUs, data parallel between them: "
        "fleet.init with hybrid_configs = {degrees}, then {lines}",
        stage=strategy.sharding_stage,
        groups=strategy.sharding_groups,
        degrees=dict(strategy.hybrid_configs(count)),
        lines=_wrappers(strategy),
    )


def _wrappers(strategy: Strategy) -> str:
    """How Fleet's groups are told to what wraps the model."""
    known = "fleet.get_hybrid_communicate_group()"
    groups = f"group={known}.get_sharding_parallel_group()"
    if strategy.sharding_groups > 1:
        groups += f", dp_group={known}.get_data_parallel_group()"
    lines = {
        2: f'group_sharded_parallel(model, optimizer, "os_g", {groups})',
        3: f'group_sharded_parallel(model, optimizer, "p_g_os", {groups})',
    }
    return lines.get(strategy.sharding_stage, _FLEETS_WRAPPERS)


def _of_a_split_model(strategy: Strategy, count: int) -> str:
    return sentence(
        "the model is split: fleet.init with hybrid_configs = {degrees}, then "
        "build_model({options}), then {lines}",
        degrees=dict(strategy.hybrid_configs(count)),
        options=_options(strategy),
        lines=_wrappers(strategy),
    )


def recompute() -> str:
    return sentence("recompute: paddle.distributed.fleet.utils.recompute for each repeated block")
