"""Mixtures of experts, whose routing decides which rank computes what."""

from __future__ import annotations

import shutil

import pytest

from estimator.drystep.cluster import CollectiveKind, Communicator
from tests.drystep.test_ranks import SCRIPTS, run
from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle


@pytest.mark.parametrize("gate", ["naive", "gshard"])
def test_experts_on_several_gpus_get_equal_shares(tmp_path, monkeypatch, gate):
    shutil.copy(SCRIPTS / "experts.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    report = run(f"python experts.py gate={gate}", gpus=4)
    seen = report.ranks[0].seen
    moved = [
        (use.phase, use.count)
        for use in seen.collectives
        # 64 tokens, each to two of the eight experts, of 32 float32.
        if (use.kind, use.bytes) == (CollectiveKind.ALL_TO_ALL, 64 * 2 * 32 * 4)
    ]
    assert moved == [("forward", 2), ("backward", 2)]  # to the experts and back, in each pass
    # With each of three others in both directions.
    assert seen.communicators == (Communicator(4, connections=6),)
    assert any("equal shares of the tokens" in text for text in report.assumptions)


def test_scores_that_were_not_computed_choose_each_expert_in_turn():
    told = on_virtual_gpu("""
        scores = paddle.zeros([4096, 4096]).matmul(paddle.zeros([4096, 8]))
        values, chosen = paddle.topk(scores, 3)
        result["first"] = chosen[:3].tolist()
        result["counts"] = paddle.bincount(chosen.flatten()).tolist()
        result["dtype"] = str(values.dtype)
        few = paddle.zeros([4096, 4096]).matmul(paddle.zeros([4096, 2]))
        result["all"] = paddle.topk(few, 2)[1][:2].tolist()
        classes = paddle.zeros([4096, 4096]).matmul(paddle.zeros([4096, 1000]))
        result["classes"] = paddle.topk(classes, 2)[1][:2].tolist()
        result["computed"] = paddle.topk(paddle.to_tensor([[1.0, 3.0, 2.0]]), 2)[1].tolist()
    """)
    assert told["first"] == [[0, 1, 2], [3, 4, 5], [6, 7, 0]]
    assert told["counts"] == [4096 * 3 // 8] * 8
    assert told["dtype"] == "paddle.float32"
    assert told["all"] == [[0, 1], [0, 1]]
    assert told["classes"] == [[0, 0], [0, 0]]  # among that many nothing is routed
    assert told["computed"] == [[1, 2]]


def test_operators_of_a_mixture():
    told = on_virtual_gpu("""
        from estimator.drystep.child.cuda.experts import offer_experts
        from paddle.distributed.models.moe import utils
        offer_experts()
        gate = paddle.to_tensor([[1, 0], [1, 3], [1, 0]])
        result["count"] = utils._number_count(gate, 4).tolist()
        room = paddle.to_tensor([1, 2, 1, 1])
        result["pruned"] = utils._prune_gate_by_capacity(gate, room, 2, 2).tolist()
        chance = paddle.to_tensor([0.9, 0.9, 0.9])
        result["kept"] = utils._random_routing(gate, paddle.zeros([3, 2]), chance).tolist()
    """)
    assert told["count"] == [2, 3, 0, 1]
    # Expert 0 has room for one token and expert 1 for two: the later ones go nowhere.
    assert told["pruned"] == [[1, 0], [1, 3], [-1, -1]]
    assert told["kept"] == [[1, 0], [1, 3], [1, 0]]
