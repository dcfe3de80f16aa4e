"""Seconds of collectives, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estimator.drystep.cluster import (
    CollectiveKind,
    CollectiveUse,
    Communicator,
    RankSeen,
    Topology,
)
from estimator.drystep.phase import Phase
from estimator.gpus.catalogue import load_catalogue
from estimator.throughput.coefficients import load_coefficients
from estimator.throughput.collectives import collective_seconds, waiting

A100 = load_catalogue(None).find("A100-80G")
NUMBERS = load_coefficients().scaling
RATE = A100.nvlink_bandwidth / 2


def use(kind=CollectiveKind.ALL_REDUCE, ranks=8, size=1 << 30, group="data", count=1, step=1):
    members = tuple(range(0, ranks * step, step))
    return CollectiveUse(kind, group, members, None, Phase.BACKWARD, size, count)


@pytest.mark.parametrize(
    ("kind", "steps", "share"),
    [
        # Ring of 8: reduce-scatter and all-gather of 7 messages, an eighth of the bytes in each.
        (CollectiveKind.ALL_REDUCE, 14, 14 / 8),
        (CollectiveKind.ALL_GATHER, 7, 7),
        (CollectiveKind.REDUCE_SCATTER, 7, 7 / 8),
        (CollectiveKind.BROADCAST, 7, 1),
        (CollectiveKind.SEND, 1, 1),
    ],
)
def test_a_ring_over_nvlink(kind, steps, share):
    seconds = collective_seconds(use(kind), 8, A100, NUMBERS, 0.5)
    assert seconds == pytest.approx(8.4e-6 + steps * 3.4e-6 + share * (1 << 30) / (RATE * 0.5))


def test_groups_that_leave_the_node_share_its_network():
    # Ranks 0 and 8, as do seven other pairs: an eighth of the network for each.
    pair = use(ranks=2, step=8)
    seconds = collective_seconds(pair, 8, A100, NUMBERS, 1.0)
    assert seconds == pytest.approx(
        8.4e-6 + 2 * 14e-6 + (1 << 30) / (NUMBERS.network_bandwidth / 8)
    )


def test_short_messages_have_a_protocol_of_their_own():
    seconds = collective_seconds(use(size=4), 8, A100, NUMBERS, 1.0)
    assert seconds == pytest.approx(6.6e-6 + 14 * 0.6e-6, rel=1e-3)


def test_a_group_of_one_waits_for_nobody():
    assert collective_seconds(use(ranks=1), 8, A100, NUMBERS, 1.0) == 0.0


def seen(*uses):
    return RankSeen(0, 8, Topology((("data", 8),)), (), (), uses, 1, 1)


def test_what_runs_beside_the_backward_pass_is_partly_hidden():
    gradients, tensors = use(), use(group="model", count=3)
    hidden = waiting(seen(gradients), A100, NUMBERS)
    assert (hidden.lower, hidden.lower < hidden.target < hidden.upper) == (0.0, True)
    alone = collective_seconds(gradients, 8, A100, NUMBERS, NUMBERS.link_efficiency)
    assert hidden.target == pytest.approx(alone * (1 - NUMBERS.overlap))
    assert waiting(seen(tensors), A100, NUMBERS).target == pytest.approx(3 * alone)


def test_nccl_makes_a_communicator_for_each_group_and_each_peer():
    def to(peer, kind=CollectiveKind.SEND):
        return CollectiveUse(kind, "pipe", (0, 2, 4, 6), peer, Phase.FORWARD, 8, 1)

    alone = seen(use(ranks=2), to(2), to(2), to(6, CollectiveKind.RECEIVE))
    used = replace(alone, groups=((0, 1), tuple(range(8))))
    # The pair 0 and 1 of the recorded step once, all eight, and the two peers: 2 is sent to in both
    # passes over the same connection.
    assert used.communicators == (
        Communicator(2),
        Communicator(8),
        Communicator(2, connections=1, has_rings=False),
        Communicator(2, connections=1, has_rings=False),
    )


def test_an_all_to_all_connects_each_rank_with_each_other():
    alone = seen(use(kind=CollectiveKind.ALL_TO_ALL, ranks=8), use(ranks=8))
    assert alone.communicators == (Communicator(8, connections=2 * 7),)


def test_communicators_across_nodes():
    far = CollectiveUse(CollectiveKind.SEND, "pipe", (0, 8), 8, Phase.FORWARD, 8, 1)
    used = replace(seen(far), groups=(tuple(range(16)),))
    assert [one.spans_nodes for one in used.communicators] == [True, True]
