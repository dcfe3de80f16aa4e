"""Unmodified scripts for several GPUs, each kind of rank run by a real child."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from estimator.drystep.cluster import CollectiveKind, Communicator, Topology
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.ranks import Cluster, run_ranks
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import UserCodeFailed
from estimator.units import GIB, KIB
from estimator.workload.command import parse_command
from estimator.workload.types import Script, Workload
from tests.drystep.test_script import CARD
from tests.drystep.virtual import plugin_or_skip

SCRIPTS = Path(__file__).parent / "scripts" / "ranks"


@pytest.fixture
def here(tmp_path, monkeypatch):
    shutil.copytree(SCRIPTS, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(tmp_path / "project")


def run(command: str, gpus: int, nodes: int = 1, seconds: float = 120.0) -> DryStepReport:
    plugin = plugin_or_skip()
    program = parse_command(command.split())
    script = Script(tuple(command.split()), program.program, arguments=program.arguments)
    request = DryStepRequest(
        Workload(program.file, script=script),
        per_device_batch_size=1,
        device=DeviceChoice.VIRTUAL,
        capacities=(16 * KIB, 16 * GIB),
        plugin=plugin.library,
        environment=plugin.environment(),
        seconds=seconds,
        card=CARD,
    )
    return run_ranks(request, Cluster(gpus, nodes), Limits(seconds))


def stages(report: DryStepReport) -> dict[int, int]:
    """Parameters by pipeline stage."""
    return {one.seen.topology.place(one.seen.rank)["pipe"]: one.parameters for one in report.ranks}


# hybrid.py: a vocabulary of 512, 64 wide, four blocks of 64 -> 256 -> 64.
TABLE = 512 * 64
BLOCK = 2 * 64 + 64 * 256 + 256 + 256 * 64 + 64
HALF_BLOCK = 2 * 64 + 64 * 128 + 128 + 128 * 64 + 64


@pytest.mark.paddle
def test_tensor_pipeline_and_sharding_at_once(here):
    report = run("python hybrid.py pp=2 mp=2 sharding=2", gpus=4, nodes=2)
    assert dict(report.ranks[0].seen.topology.axes)["sharding"] == 2
    # Each stage holds half of the vocabulary (as table or as head) and two halved blocks.
    assert stages(report) == {0: TABLE // 2 + 2 * HALF_BLOCK, 1: TABLE // 2 + 2 * HALF_BLOCK}
    members = sorted(rank for one in report.ranks for rank in one.ranks)
    assert members == list(range(8))
    first = next(one.seen for one in report.ranks if one.seen.rank == 0)
    assert (first.samples, first.micro_batches, first.topology.copies) == (4, 2, 2)
    by_group = {(use.kind, use.group): use for use in first.collectives}
    # A micro-batch of 2 x 32 x 64 float32 goes on, split over the two tensor parallel ranks.
    sent = by_group[CollectiveKind.SEND, "pipe"]
    assert (sent.bytes, sent.ranks, sent.peer) == (2 * 32 * 64 * 4 // 2, (0, 4), 4)
    assert by_group[CollectiveKind.ALL_REDUCE, "model"].bytes == 2 * 32 * 64 * 4
    # Tensor parallel, sharding and pipeline pair; the next stage has a communicator of its own too.
    assert set(first.groups) == {(0, 1), (0, 2), (0, 4)}
    # Both ways, to the rank 4 that is on the second node of two GPUs.
    (to_next,) = (one for one in first.communicators if not one.has_rings)
    assert to_next == Communicator(2, connections=2, has_rings=False, spans_nodes=True)
    assert [one.ranks for one in first.communicators] == [2, 2, 2, 2]
    # It fits on 16 GiB and not on 16 KiB, which needs no run.
    assert [trial.max_per_device_batch_size for trial in report.trials] == [0, 4]


@pytest.mark.paddle
def test_an_interleaved_pipeline(here):
    report = run("python hybrid.py pp=4 chunks=2 micro=4 batch=8 redo=1 blocks=8", gpus=4)
    assert stages(report) == {
        0: TABLE + 2 * BLOCK,
        1: 2 * BLOCK,
        2: 2 * BLOCK,
        3: TABLE + 2 * BLOCK,
    }
    seen = report.ranks[0].seen
    assert (seen.micro_batches, seen.chunks, seen.samples) == (4, 2, 8)


@pytest.mark.paddle
@pytest.mark.parametrize(
    ("level", "kept"),
    # Four layers of 512 x 512 + 512 parameters, 4 bytes. os_g: all of them, and of two moments a
    # quarter, at the end of a step. p_g_os: a quarter of parameters and moments.
    [("os_g", 4 * (1 + 2 / 4)), ("p_g_os", 4 * (1 / 4 + 2 / 4))],
)
def test_sharding_without_fleet(here, level, kept):
    report = run(f"python sharded.py {level}", gpus=4)
    (one,) = report.ranks
    assert one.ranks == (0, 1, 2, 3)
    parameters = 4 * (512 * 512 + 512)
    assert one.measurement.peak_allocated_bytes > kept * parameters


@pytest.mark.paddle
def test_sequence_parallel_splits_what_goes_between_the_blocks(here):
    (one,) = run("python sequence.py", gpus=4).ranks
    assert one.ranks == (0, 1, 2, 3)
    # Norms and the second bias are whole, the two weights and the first bias are quarters.
    assert one.parameters == 2 * (3 * 64 + (2 * 64 * 256 + 256) // 4)
    uses = one.seen.collectives
    assert {use.group for use in uses} == {"model"}

    def bytes_of(kind):
        return {use.bytes for use in uses if use.kind is kind}

    # Of 32 x 2 x 64 float32 every rank holds a quarter, and gathers the rest before each block.
    whole = 32 * 2 * 64 * 4
    assert bytes_of(CollectiveKind.ALL_GATHER) == {whole // 4}
    assert bytes_of(CollectiveKind.REDUCE_SCATTER) == {whole}
    # The gradients of what is whole are summed over the parts of the sequence.
    assert bytes_of(CollectiveKind.ALL_REDUCE) == {64 * 4}


@pytest.mark.paddle
def test_gradients_merged_by_hand_are_sent_once(here):
    report = run("python merged.py no_sync", gpus=4)
    (one,) = report.ranks
    assert (one.seen.samples, one.seen.micro_batches) == (4 * 2, 4)
    (use,) = one.seen.collectives
    assert (use.kind, use.bytes, use.count) == (CollectiveKind.ALL_REDUCE, 4 * (64 * 64 + 64), 1)
    assert not any("gradient_merge" in line for line in report.assumptions)


@pytest.mark.paddle
def test_fleets_gradient_merge_does_nothing_and_that_is_said(here):
    report = run("python merged.py strategy", gpus=4)
    (one,) = report.ranks
    assert (one.seen.samples, one.seen.micro_batches) == (2, 1)
    assert any("gradient_merge has no effect" in line for line in report.assumptions)


@pytest.mark.paddle
def test_spawn_and_collectives_of_threads(here):
    report = run("python spawned.py", gpus=4)
    uses = report.ranks[0].seen.collectives
    # The gradients of 64 x 64 + 64, and the 4 bytes that a thread of the script adds up.
    assert {use.bytes for use in uses} == {4 * (64 * 64 + 64), 4}
    assert {use.group for use in uses} == {"world"}


@pytest.mark.paddle
@pytest.mark.parametrize(
    ("command", "gpus", "where", "what"),
    [
        ("python bad/waits.py", 2, "bad/waits.py:5", "stopped while running waits.py"),
        ("python bad/degrees.py", 8, "bad/degrees.py:5", "model 3 make 3 ranks.*has 8 GPUs"),
        ("python bad/heads.py", 3, "bad/heads.py:7", "80.*divisible by model parallel size"),
        ("python bad/last_stage.py", 2, "bad/last_stage.py:4", "rank 1: RuntimeError: not on"),
        ("python bad/sharded_tensor.py", 2, "bad/sharded_tensor.py:7", "reshard only supported"),
        ("python spawned.py", 8, "spawned.py:22", "4 processes, and the job has 8 GPUs"),
    ],
)
def test_one_clear_line(here, command, gpus, where, what):
    seconds = 20.0 if "waits" in command else 120.0
    with pytest.raises(UserCodeFailed, match=what) as caught:
        run(command, gpus, seconds=seconds)
    assert caught.value.where == where
    if "waits" in command:
        assert "runs alone" in caught.value.hint


SAMPLE = Path(__file__).parents[2] / "notebooks" / "models" / "decoder_fleet.py"


@pytest.mark.paddle
def test_the_decoder_of_the_published_runs_in_small():
    size = "layers=4 hidden=256 heads=4 length=64 words=512 batch=2"
    report = run(f"python {SAMPLE} {size} tp=2 pp=2 accumulate=4", gpus=4)
    # Query, key, value, out of 256 x 256; gate, up, down of 256 x 768; halved; two norms of 256.
    block = (4 * 256 * 256 + 3 * 256 * 768) // 2 + 2 * 256
    words = 512 * 256 // 2
    assert stages(report) == {0: 2 * block + words, 1: 2 * block + words + 256}
    for one in report.ranks:
        # float16, with float32 masters and two moments: 2 + 12 bytes (the moments' powers: 8 each).
        kept = one.measurement.breakdown
        assert kept.parameters == pytest.approx(2 * one.parameters, rel=0.01)
        assert kept.optimizer_state == pytest.approx(12 * one.parameters, rel=0.05)
    first = next(one.seen for one in report.ranks if one.seen.rank == 0)
    assert (first.samples, first.micro_batches) == (8, 4)


LAYOUT = Topology((("data", 2), ("pipe", 3), ("model", 2)))


def test_ranks_and_their_places():
    assert LAYOUT.world_size == 12
    assert LAYOUT.place(11) == {"data": 1, "pipe": 2, "model": 1}
    assert all(LAYOUT.rank_at(LAYOUT.place(rank)) == rank for rank in range(12))
    assert (LAYOUT.degree("pipe"), LAYOUT.degree("sharding"), LAYOUT.copies) == (3, 1, 2)
