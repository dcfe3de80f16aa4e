"""A plan of a model file takes what the same program takes as a script on as many GPUs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import Precision, RankClass
from estimator.drystep.ranks import Cluster, run_ranks
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits, PlanSpace
from estimator.drystep.strategy import DATA_PARALLEL, PIPELINE_PARALLEL, TENSOR_PARALLEL, Strategy
from estimator.values import Missing
from estimator.workload.command import parse_command
from estimator.workload.types import Script, Workload
from tests.drystep.test_script import CARD
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

PROGRAM = Path(__file__).parents[2] / "notebooks" / "models" / "llama_parallel.py"
SIZES = {"layers": 2, "hidden": 256, "heads": 4, "length": 256}
BATCH = 2
LIMITS = Limits(120.0)


def request(workload: Workload) -> DryStepRequest:
    plugin = plugin_or_skip()
    return DryStepRequest(
        workload,
        per_device_batch_size=BATCH,
        precisions=(Precision("O2", "bfloat16"),),
        device=DeviceChoice.VIRTUAL,
        plugin=plugin.library,
        environment=plugin.environment(),
        seconds=LIMITS.seconds,
    )


def as_plan(strategy: Strategy, gpus: int) -> tuple[RankClass, ...]:
    asked = request(Workload(PROGRAM, options=SIZES))
    precision = asked.precisions[0]
    degrees = ((TENSOR_PARALLEL, strategy.tensor_parallel_degree),)
    degrees += ((PIPELINE_PARALLEL, strategy.pipeline_parallel_degree),)
    space = PlanSpace((gpus,), (precision,), (strategy,), BATCH, (), gpus, degrees=degrees)
    plans = run_dry_step(replace(asked, plans=space), LIMITS).plans
    assert plans is not None
    (run,) = plans.runs
    assert not isinstance(run.ranks, Missing), run.ranks
    return run.ranks


def as_script(strategy: Strategy, gpus: int) -> tuple[RankClass, ...]:
    shards = 1 if strategy.sharding_stage == DATA_PARALLEL else gpus // strategy.split
    degrees = {**strategy.model_options, "sharding_degree": shards}
    micro_batches = strategy.micro_batches(BATCH, 1)
    settings = {**SIZES, **degrees, "batch": BATCH, "micro_batches": micro_batches}
    command = ("python", str(PROGRAM), *(f"{name}={value}" for name, value in settings.items()))
    program = parse_command(command)
    script = Script(command, program.program, arguments=program.arguments)
    asked = replace(request(Workload(program.file, script=script)), card=CARD)
    return run_ranks(asked, Cluster(gpus), LIMITS).ranks


def by_stage(ranks: tuple[RankClass, ...]) -> dict[int, tuple[int, int]]:
    """Peak allocated and peak reserved bytes of the rank of each stage that takes the most."""
    found: dict[int, tuple[int, int]] = {}
    for one in ranks:
        stage = one.seen.topology.place(one.seen.rank).get("pipe", 0)
        peaks = one.measurement.peak_allocated_bytes, one.measurement.peak_reserved_bytes
        found[stage] = max(peaks, found.get(stage, (0, 0)))
    return found


@pytest.mark.parametrize(
    ("strategy", "gpus"),
    [
        pytest.param(Strategy(), 2, id="data parallel"),
        pytest.param(Strategy(1), 2, id="sharding"),
        pytest.param(Strategy(tensor_parallel_degree=2), 2, id="tensor parallel"),
        # Two micro-batches, as many as stages: the plan runs all that the script runs.
        pytest.param(Strategy(pipeline_parallel_degree=2), 2, id="pipeline"),
    ],
)
def test_a_plan_takes_what_the_script_takes_to_the_byte(strategy: Strategy, gpus: int) -> None:
    assert by_stage(as_plan(strategy, gpus)) == by_stage(as_script(strategy, gpus))
