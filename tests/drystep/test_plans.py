"""Plans of a model file on several GPUs, run by a real child, against arithmetic."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import PlanRun, PlansSeen, Precision, StepMeasurement
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits, PlanSpace
from estimator.drystep.strategy import Strategy, strategies, with_groups
from estimator.errors import BadInput
from estimator.units import MIB
from estimator.values import Missing
from estimator.workload.types import Workload
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

BLOCK = """
    H = 1024

    class Block(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.up = paddle.nn.Linear(H, 4 * H)
            self.down = paddle.nn.Linear(4 * H, H)

        def forward(self, x):
            return x + self.down(paddle.nn.functional.relu(self.up(x)))
"""
BLOCKS = f"""
    import paddle
{BLOCK}
    def build_model():
        return paddle.nn.Sequential(*(Block() for _ in range(4)))

    def example_batch(batch_size):
        return paddle.randn([batch_size, H]), None

    def loss_fn(outputs, labels):
        return outputs.mean()

    def build_optimizer(parameters):
        return paddle.optimizer.AdamW(parameters=parameters)
"""
WEIGHT = 4 * 4 * 1024 * 1024
"""Bytes of a weight of 1024 x 4096 float32."""
PARAMETERS = 4 * (2 * 4 * 1024 * 1024 + 5 * 1024)


def plans(
    folder: Path,
    code: str,
    counts: tuple[int, ...] = (4,),
    precisions: tuple[Precision, ...] = (Precision(),),
    gpus_per_node: int = 4,
    batch: int = 1,
    nodes: tuple[tuple[int, int], ...] = (),
    degrees: tuple[tuple[str, int], ...] = (),
) -> PlansSeen:
    known = with_groups(strategies(recompute=False), {each for _, each in nodes})
    seconds = 120.0
    file = folder / "model.py"
    file.write_text(dedent(code))
    plugin = plugin_or_skip()
    request = DryStepRequest(
        Workload(file),
        per_device_batch_size=batch,
        precisions=precisions[:1],
        device=DeviceChoice.VIRTUAL,
        plugin=plugin.library,
        environment=plugin.environment(),
        seconds=seconds,
        plans=PlanSpace(counts, precisions, known, batch, (), gpus_per_node, nodes, degrees),
    )
    seen = run_dry_step(request, Limits(seconds)).plans
    assert seen is not None
    return seen


def taken(run: PlanRun) -> int:
    assert isinstance(run.measurement, StepMeasurement)
    return run.measurement.peak_allocated_bytes


def test_memory_of_every_strategy_is_that_of_arithmetic(tmp_path: Path) -> None:
    seen = plans(tmp_path, BLOCKS)
    runs = {run.point.strategy: run for run in seen.runs}
    assert set(runs) == set(strategies(recompute=False))
    bytes_each = {
        0: 4 + 4 + 4 + 8,  # parameters, gradients, the buckets they are summed in, two moments
        1: 4 + 4 + 8 / 4,
        2: 4 + 4 / 4 + 8 / 4,
        3: 4 / 4 + 8 / 4,
    }
    at_the_peak = {
        0: 3 * WEIGHT,  # gradients that are not in their bucket yet
        1: 2 * WEIGHT,
        2: 4 * 2 * WEIGHT,  # a bucket of 2^23 gradients for each rank
        3: 6 * WEIGHT,  # whole parameters of two layers, and their gradients
    }
    for stage, each in bytes_each.items():
        floor = each * PARAMETERS
        assert floor <= taken(runs[Strategy(stage)]) <= floor + at_the_peak[stage] + MIB
    for run in seen.runs:
        assert run.seen is not None
        assert run.seen.topology.copies == 4
        assert (run.seen.samples, run.seen.micro_batches) == (1, 1)


def test_sharding_within_each_of_two_nodes(tmp_path: Path) -> None:
    runs = {run.point.strategy: run for run in plans(tmp_path, BLOCKS, nodes=((4, 2),)).runs}
    for stage, each in {1: 4 + 4 + 8 / 2, 2: 4 + 4 / 2 + 8 / 2, 3: 4 / 2 + 8 / 2}.items():
        run = runs[Strategy(stage, sharding_groups=2)]
        # As above; gradients are joined for the other node, as far as a rank has them.
        most = each * PARAMETERS + {1: 4, 2: 4 + 4 / 2, 3: 4}[stage] * PARAMETERS + 2 * WEIGHT
        assert each * PARAMETERS <= taken(run) <= most
        assert run.seen is not None
        assert run.seen.topology.copies == 4
        groups = {(use.group, use.ranks) for use in run.seen.collectives}
        rank = run.seen.rank
        near = (0, 1) if rank < 2 else (2, 3)
        assert groups == {("sharding", near), ("data", (rank % 2, rank % 2 + 2))}


def test_what_the_ranks_send_each_other(tmp_path: Path) -> None:
    runs = {run.point.strategy: run for run in plans(tmp_path, BLOCKS).runs}
    gradients = 4 * PARAMETERS

    def sent(stage: int, recompute: bool = False) -> dict[str, int]:
        seen = runs[Strategy(stage, recompute)].seen
        assert seen is not None
        found: dict[str, int] = {}
        for use in seen.collectives:
            assert len(use.ranks) == 4
            found[use.kind] = found.get(use.kind, 0) + use.bytes * use.count
        return found

    assert sent(0) == sent(0, recompute=True) == {"all_reduce": gradients}
    assert sent(1) == {"reduce": gradients, "broadcast": gradients}
    # Forward and backward pass each gather a quarter of the weights from every rank.
    weights = 4 * 2 * WEIGHT
    assert sent(3)["all_gather"] == pytest.approx(2 * weights / 4, rel=0.2)


def test_the_rank_with_the_largest_share_is_the_one_that_counts(tmp_path: Path) -> None:
    # Five layers of 4 MiElements among four ranks: one of them has two, wherever Paddle puts them.
    code = BLOCKS.replace("self.down = paddle.nn.Linear(4 * H, H)", "").replace(
        "self.down(paddle.nn.functional.relu(self.up(x)))", "self.up(x).mean(-1, keepdim=True)"
    )
    seen = plans(tmp_path, code.replace("range(4)", "range(5)"))
    one = next(run for run in seen.runs if run.point.strategy == Strategy(1))
    assert one.seen is not None
    assert max(one.seen.shares) == one.seen.shares[one.seen.rank]
    assert max(one.seen.shares) >= 2 * WEIGHT
    parameters = 5 * (4 * 1024 * 1024 + 4 * 1024)
    assert taken(one) >= 8 * parameters + 2 * max(one.seen.shares)


def test_mixed_precision_keeps_masters_of_its_share(tmp_path: Path) -> None:
    seen = plans(tmp_path, BLOCKS, precisions=(Precision("O2", "bfloat16"),))
    one = next(run for run in seen.runs if run.point.strategy == Strategy(3))
    # bfloat16 parameters; masters and two moments of float32: a quarter of all.
    assert (2 + 12) / 4 * PARAMETERS <= taken(one) <= (2 + 12) / 4 * PARAMETERS + 3 * WEIGHT + MIB


def test_a_model_without_repeated_blocks_says_so_once(tmp_path: Path) -> None:
    code = BLOCKS.replace("paddle.nn.Sequential(*(Block() for _ in range(4)))", "Block()")
    seen = plans(tmp_path, code, counts=(2, 3))
    failed = [run for run in seen.runs if isinstance(run.measurement, Missing)]
    assert all("no repeated blocks" in run.measurement.reason for run in failed)
    assert {run.point.strategy for run in failed} <= set(strategies(recompute=True))
    assert len(failed) + seen.failing == 2 * 4
    ran = {(run.point.gpu_count, run.point.strategy) for run in seen.runs if run not in failed}
    assert len(ran) == 2 * 4  # three GPUs as well as two


def test_a_model_that_trains_itself_is_wrapped_too(tmp_path: Path) -> None:
    code = (
        BLOCKS
        + """
    def train_step(model, batch, optimizer):
        model(batch[0]).mean().backward()
        optimizer.step()
        optimizer.clear_grad()
"""
    )
    seen = plans(tmp_path, code, precisions=(Precision(), Precision("O1", "float16")))
    assert {run.point.precision for run in seen.runs} == {Precision()}
    one = next(run for run in seen.runs if run.point.strategy == Strategy(1))
    assert taken(one) <= (4 + 4 + 8 / 4) * PARAMETERS + 2 * WEIGHT + MIB


def test_a_process_that_dies_is_one_plan_less(tmp_path: Path) -> None:
    killed = "import os; os.environ.get('PADDLE_TRAINERS_NUM') == '2' and os._exit(7)"
    code = BLOCKS.replace("return outputs.mean()", f"{killed}; return outputs.mean()")
    seen = plans(tmp_path, code, counts=(2, 4))
    dead = [run for run in seen.runs if isinstance(run.measurement, Missing)]
    assert {run.point.gpu_count for run in dead} == {2}
    assert all("ended with 7" in run.measurement.reason for run in dead)
    known = set(strategies(recompute=False))
    ran = {run.point.strategy for run in seen.runs if run not in dead}
    # One that died on two GPUs before its turn on four came is not tried there.
    assert ran <= known
    assert len(dead) + len(ran) + seen.failing == 2 * len(known)


def test_no_pipe_is_left_open(tmp_path: Path) -> None:
    # A file that reads how many descriptors there are, each time it is run in a copy.
    count = "import os; open('COUNTS', 'a').write(f\"{len(os.listdir('/proc/self/fd'))} \")"
    code = BLOCKS.replace("import paddle", f"import paddle\n    {count}", 1)
    plans(tmp_path, code.replace("COUNTS", str(tmp_path / "counts")), counts=(2, 4, 8))
    counts = [int(word) for word in (tmp_path / "counts").read_text().split()]
    assert len(counts) > 20
    assert max(counts[-5:]) <= max(counts[:5]) + 4  # those of a plan that runs beside


SPLIT = """
    import paddle
    from paddle.distributed.fleet import meta_parallel as split

    H = 1024

    class Block(paddle.nn.Layer):
        def __init__(self, degree):
            super().__init__()
            if 2 % degree:
                raise ValueError(f"2 heads for {degree} GPUs")
            if degree == 1:
                self.up = paddle.nn.Linear(H, 4 * H)
                self.down = paddle.nn.Linear(4 * H, H)
            else:
                self.up = split.ColumnParallelLinear(H, 4 * H, has_bias=True, gather_output=False)
                self.down = split.RowParallelLinear(
                    4 * H, H, has_bias=True, input_is_parallel=True
                )

        def forward(self, x):
            return x + self.down(paddle.nn.functional.relu(self.up(x)))

    def build_model(tensor_parallel_degree=1):
        return paddle.nn.Sequential(*(Block(tensor_parallel_degree) for _ in range(4)))

    def example_batch(batch_size):
        return paddle.randn([2, batch_size, H])[0], None  # a view, which Paddle does not send

    def loss_fn(outputs, labels):
        return outputs.mean()

    def build_optimizer(parameters):
        return paddle.optimizer.AdamW(parameters=parameters)
"""
HALF = 4 * (4 * 1024 * 1024 + 2 * 1024 + 1024)
"""Parameters of a rank of two: half of both weights and of the first bias, and the other one."""


def test_a_model_that_offers_tensor_parallel_is_split(tmp_path: Path) -> None:
    runs = {run.point.strategy: run for run in plans(tmp_path, SPLIT).runs}
    whole, split = set(strategies(recompute=False)), Strategy(tensor_parallel_degree=2)
    assert whole < set(runs)
    for stage, each in {
        0: 4 + 4 + 4 + 8,  # parameters, gradients, these joined for the other copy, two moments
        1: 4 + 4 + 8 / 2,  # two ranks hold the same half
        2: 4 + 4 / 2 + 8 / 2,
        3: 4 / 2 + 8 / 2,
    }.items():
        at_the_peak = {0: 0, 1: 0.5, 2: 4, 3: 4}[stage] * WEIGHT  # as above, of half weights
        bytes_taken = taken(runs[replace(split, sharding_stage=stage)])
        assert each * HALF <= bytes_taken <= each * HALF + at_the_peak + MIB
    seen = runs[split].seen
    assert seen is not None
    # Two copies of the model on four GPUs, each with a batch of one sample.
    assert (seen.samples, seen.topology.copies, seen.topology.degree("model")) == (1, 2, 2)
    sums = [use for use in seen.collectives if use.group == "model" and use.kind == "all_reduce"]
    # Outputs of a sample in each of four forward passes, gradients of inputs in the backward passes
    # but the first block's, whose input has none: 4 KiB each.
    assert sum(use.count for use in sums) == 4 + 3
    assert {use.bytes for use in sums} == {4 * 1024}


def test_a_degree_that_is_not_possible_says_why(tmp_path: Path) -> None:
    seen = plans(tmp_path, SPLIT)
    failed = [run for run in seen.runs if isinstance(run.ranks, Missing)]
    assert {run.point.strategy.tensor_parallel_degree for run in failed} == {4}
    assert all("2 heads for 4 GPUs" in str(run.ranks) for run in failed)


def test_tensor_parallel_stays_within_a_node(tmp_path: Path) -> None:
    seen = plans(tmp_path, SPLIT, counts=(2,), gpus_per_node=1)
    assert {run.point.strategy for run in seen.runs} == set(strategies(recompute=False))


PIPELINE = f"""
    import paddle
    from paddle.distributed import fleet
    from paddle.distributed.fleet import meta_parallel as split
{BLOCK}
    def build_model(pipeline_parallel_degree=1):
        if pipeline_parallel_degree == 1:
            return paddle.nn.Sequential(*(Block() for _ in range(4)))
        topology = fleet.get_hybrid_communicate_group().topology()
        return split.PipelineLayer([split.LayerDesc(Block)] * 4, topology=topology)

    def example_batch(batch_size):
        return paddle.randn([batch_size, H]), paddle.zeros([batch_size, 1])

    def loss_fn(outputs, labels):
        return (outputs - labels).mean()

    def build_optimizer(parameters):
        return paddle.optimizer.AdamW(parameters=parameters)
"""
STAGE = PARAMETERS // 2
"""Parameters of a stage with two of the four blocks."""


def test_a_model_that_offers_a_pipeline_is_run_stage_by_stage(tmp_path: Path) -> None:
    runs = {run.point.strategy: run for run in plans(tmp_path, PIPELINE, batch=4).runs}
    assert set(strategies(recompute=False)) < set(runs)
    run = runs[Strategy(pipeline_parallel_degree=2)]
    assert not isinstance(run.ranks, Missing)
    by_stage = {one.seen.topology.place(one.seen.rank)["pipe"]: one for one in run.ranks}
    assert sorted(rank for one in run.ranks for rank in one.ranks) == [0, 1, 2, 3]
    for stage, one in by_stage.items():
        seen = one.seen
        assert one.parameters == STAGE
        assert (seen.samples, seen.micro_batches, seen.topology.copies) == (4, 4, 2)
        # Parameters, gradients, these joined for the other copy, and two moments of float32.
        bytes_taken = one.measurement.peak_allocated_bytes
        assert 20 * STAGE <= bytes_taken <= 20 * STAGE + MIB
        # A micro-batch is a sample of 1024 float32, four times a step.
        kind = "send" if stage == 0 else "receive"
        passed_on = [use for use in seen.collectives if use.kind == kind]
        assert {use.bytes for use in passed_on} == {4 * 1024}
        assert sum(use.count for use in passed_on) == 4
    # Sharding stage 1 halves the moments, but for a weight that one of two has more.
    sharded = taken(runs[Strategy(1, pipeline_parallel_degree=2)])
    assert (4 + 4 + 8 / 2) * STAGE <= sharded <= (4 + 4 + 8 / 2) * STAGE + 2 * WEIGHT + MIB
    assert not isinstance(runs[Strategy(0, True, pipeline_parallel_degree=2)].ranks, Missing)


def test_more_stages_than_layers_are_not_possible(tmp_path: Path) -> None:
    code = PIPELINE.replace("* 4, topology", "* 2, topology")
    seen = plans(tmp_path, code, batch=4)
    failed = [run for run in seen.runs if isinstance(run.measurement, Missing)]
    assert {run.point.strategy.pipeline_parallel_degree for run in failed} == {4}
    assert all("layer number" in str(run.ranks) for run in failed)


def test_a_pinned_degree_is_the_only_one_that_is_run(tmp_path: Path) -> None:
    seen = plans(tmp_path, SPLIT, degrees=(("tensor_parallel_degree", 2),))
    assert {run.point.strategy.tensor_parallel_degree for run in seen.runs} == {2}
    assert Strategy(tensor_parallel_degree=2) in {run.point.strategy for run in seen.runs}


def test_a_pinned_degree_that_the_model_does_not_offer(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="build_model takes no keyword pipeline") as told:
        plans(tmp_path, SPLIT, degrees=(("pipeline_parallel_degree", 2),))
    assert "leave out -o pipeline_parallel_degree=2" in told.value.hint
