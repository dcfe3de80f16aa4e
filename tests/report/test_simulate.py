"""The replay: against queueing cases with known answers, and against counting by hand."""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estimator.report.simulate.engine import BACKFILL, FIFO, Rules, Work, simulate
from estimator.report.simulate.nodes import Nodes, NodeSize
from tests.report.queueing import compared, erlang_c, m_m_c, mean_wait


def work(*told: tuple[float, ...], queue: Any = None) -> Work:
    """Jobs of (submitted, seconds, GPUs[, memory]) in order of submission."""
    at, seconds, gpus = (np.array([one[i] for one in told], float) for i in range(3))
    memory = np.array([one[3] if len(one) > 3 else 0.0 for one in told])
    none = np.zeros(len(told), "int64")
    milli = (gpus * 1000).round().astype("int64")
    return Work(at, seconds, milli, memory, none, none - 1 if queue is None else np.array(queue))


@pytest.mark.parametrize(("servers", "busy"), [(1, 0.5), (8, 0.8)])
def test_m_m_c_within_two_percent(servers: int, busy: float) -> None:
    # one run of this size; tests/report/queueing.py has as many as busier queues need
    jobs = m_m_c(servers, busy, 600_000, 11)
    waits = simulate(jobs, [[NodeSize(1)] * servers], Rules()).started - jobs.submitted
    assert waits.mean() == pytest.approx(mean_wait(servers, busy), rel=0.02)
    # and the chance of waiting at all
    assert (waits > 0).mean() == pytest.approx(erlang_c(servers, busy * servers), rel=0.02)


def test_what_arrivals_and_services_explain_is_taken_out_of_the_comparison() -> None:
    # off by 1 % and twice what the services are off, whatever that is: no chance is left
    runs = [
        (0.01 + 2 * service, gap, service)
        for gap, service in np.random.default_rng(0).random((9, 2))
    ]
    found = compared(runs)
    assert (found.off, found.half) == (pytest.approx(0.01), pytest.approx(0.0, abs=1e-9))


def test_waits_are_those_of_the_recursion_of_kiefer_and_wolfowitz() -> None:
    # exact for first come first served, whatever arrives
    jobs, free = m_m_c(64, 0.95, 50_000, 11), [0.0] * 64
    expected = []
    for arrives, lasts in zip(jobs.submitted, jobs.seconds, strict=True):
        starts = max(arrives, free[0])
        heapq.heapreplace(free, starts + lasts)
        expected.append(starts)
    for nodes in ([NodeSize(1)] * 64, [NodeSize(8)] * 8, [NodeSize(64)]):
        assert simulate(jobs, [nodes], Rules()).started.tolist() == pytest.approx(expected)


TWO_NODES = [NodeSize(4), NodeSize(4)]


def test_first_come_first_served_lets_nobody_pass() -> None:
    jobs = work((0, 10, 8), (1, 10, 8), (2, 1, 1))
    assert simulate(jobs, [TWO_NODES], Rules(FIFO)).started.tolist() == [0, 10, 20]


def test_backfill_lets_a_small_job_pass_where_there_is_room() -> None:
    jobs = work((0, 10, 6), (1, 10, 8), (2, 1, 1))
    assert simulate(jobs, [TWO_NODES], Rules(BACKFILL)).started.tolist() == [0, 10, 2]
    # the small one behind now does not start before the large one's turn if there is no room
    jobs = work((0, 10, 8), (1, 10, 8), (2, 1, 1))
    assert simulate(jobs, [TWO_NODES], Rules(BACKFILL)).started.tolist() == [0, 10, 20]


def test_a_job_stays_on_one_node_where_it_can_and_free_gpus_are_stranded() -> None:
    # 3 + 3 on two nodes of 4: two GPUs are free, and no job of 2 fits on one node
    jobs = work((0, 10, 3), (0, 10, 3), (1, 5, 2))
    found = simulate(jobs, [TWO_NODES], Rules(), watch=True)
    assert found.started.tolist() == [0, 0, 10]
    (watch,) = found.watches
    assert watch.stranded == pytest.approx(9 * 2)  # from 1 s to 10 s
    assert watch.on_node[1] == pytest.approx(10)


def test_a_gang_takes_whole_nodes_and_the_rest_on_one() -> None:
    nodes = Nodes([NodeSize(4)] * 3)
    placed = nodes.place(6000, 0.0)
    assert placed is not None
    assert sorted(gpus for _, gpus in placed) == [2, 4]
    assert (nodes.free, nodes.largest_on_one_node(), nodes.largest_gang()) == (6, 4, 6)
    assert nodes.place(7000, 0.0) is None
    nodes.release(placed, 0.0)
    assert nodes.largest_gang() == 12


def test_a_gang_on_nodes_of_several_sizes() -> None:
    # the largest first: 4 + 1 + 1
    jobs = work((0, 10, 6), (1, 1, 1))
    assert simulate(jobs, [[NodeSize(g) for g in (1, 4, 1)]], Rules()).started.tolist() == [0, 10]


def test_what_does_not_fit_into_an_empty_cluster_never_starts_and_blocks_nobody() -> None:
    started = simulate(work((0, 10, 9), (1, 10, 8)), [TWO_NODES], Rules()).started
    assert math.isnan(started[0])
    assert started[1] == 1


def test_shares_of_a_gpu_go_together() -> None:
    nodes = Nodes([NodeSize(2)])
    half = [nodes.place(500, 0.0) for _ in range(2)]
    assert nodes.free == 1  # both on one GPU
    third = nodes.place(600, 0.0)
    assert (nodes.free, nodes.place(600, 0.0)) == (0, None)
    for one in (*half, third):
        assert one is not None
        nodes.release(one, 0.0)
    assert nodes.free == 2


def test_memory_keeps_a_job_from_a_node_with_free_gpus() -> None:
    nodes = [NodeSize(4, 100.0)]
    jobs = work((0, 10, 1, 80.0), (1, 10, 1, 30.0), (2, 10, 1, 10.0))
    assert simulate(jobs, [nodes], Rules(BACKFILL)).started.tolist() == [0, 10, 2]


def test_a_queue_holds_no_more_than_its_limit() -> None:
    jobs = work((0, 10, 2), (1, 10, 2), (2, 10, 2), queue=[0, 0, -1])
    found = simulate(jobs, [TWO_NODES], Rules(BACKFILL, (2000,)))
    assert found.started.tolist() == [0, 10, 2]


def test_no_jobs() -> None:
    assert len(simulate(work((0, 1, 1)), [[]], Rules()).started) == 1


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from([0.3, 0.5, 1, 2, 6, 9])),
        min_size=1,
        max_size=25,
    ),
    st.lists(st.sampled_from([1, 2, 4]), min_size=1, max_size=4),
    st.sampled_from([FIFO, BACKFILL]),
)
def test_never_more_than_there_is_and_nobody_forgotten(
    told: list[tuple[float, float, float]], sizes: list[int], depth: int
) -> None:
    jobs = work(*sorted(told))
    started = simulate(jobs, [[NodeSize(size) for size in sizes]], Rules(depth)).started
    fits = np.ceil(jobs.milli / 1000) <= sum(sizes)
    assert (np.isfinite(started) == fits).all()
    assert (started[fits] >= jobs.submitted[fits]).all()
    for moment in started[fits]:
        running = fits & (started <= moment) & (moment < started + jobs.seconds)
        assert jobs.milli[running].sum() <= sum(sizes) * 1000
