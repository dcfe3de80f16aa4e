from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from estimator.learning.node import EPOCH_SECONDS, KEPT_EPOCHS, Counted, Node, cells, merged

JOBS = st.lists(
    st.tuples(
        st.floats(-20, 30), st.floats(-1e9, 4e9), st.sampled_from(Counted), st.floats(0, 1e6)
    ),
    max_size=30,
)
Job = tuple[float, float, Counted, float]


def node_of(jobs: list[Job]) -> Node:
    node = Node()
    for log, ended_at, how, seconds in jobs:
        node.add(log, ended_at, how)
        node.out_of_memory += how is Counted.KILLED
        node.usage.add(seconds, 1024.0)
    return node


@given(JOBS, JOBS, JOBS)
def test_merging_is_associative_and_commutative(a: list[Job], b: list[Job], c: list[Job]) -> None:
    whole = node_of([*a, *b, *c])
    one, two, three = map(node_of, (a, b, c))
    assert merged([merged([one, two]), three]) == whole
    assert merged([one, merged([two, three])]) == whole
    assert merged([three, one, two]) == whole


@given(JOBS, st.integers(0, 99))
def test_the_order_of_jobs_does_not_matter(jobs: list[Job], seed: int) -> None:
    shuffled = jobs.copy()
    random.Random(seed).shuffle(shuffled)
    assert node_of(shuffled) == node_of(jobs)
    assert node_of(shuffled).tail() == node_of(jobs).tail()


@given(JOBS)
def test_sixteen_shards_give_the_same_answer_as_one(jobs: list[Job]) -> None:
    shards = [node_of(jobs[place::16]) for place in range(16)]
    assert merged(shards) == node_of(jobs)
    assert merged(shards).tail() == node_of(jobs).tail()


def test_old_epochs_are_counted_together() -> None:
    node = Node()
    for epoch in range(1000):
        node.add(0.0, epoch * EPOCH_SECONDS)
    assert len(node.counted[Counted.FINISHED]) == KEPT_EPOCHS + 1
    assert node.count() == 1000


def test_a_job_of_a_half_life_ago_counts_half() -> None:
    node = Node()
    node.add(0.0, 0)
    node.add(1.0, 3 * EPOCH_SECONDS)
    assert node.weighted(Counted.FINISHED) == [(0, 0.5), (128, 1.0)]


def test_a_killed_job_is_kept_apart_and_bounds_the_rest_from_below() -> None:
    node = Node()
    node.add(math.log(8.0), 0)
    node.add(math.log(16.0), 1, Counted.KILLED)
    assert (node.count(), node.count(Counted.KILLED)) == (1, 1)
    tail = node.tail()
    assert tail is not None
    assert tail.highest >= math.log(16.0)


def test_a_tail_is_made_anew_after_a_job() -> None:
    node = Node()
    assert node.tail() is None
    node.add(0.0, 0)
    first = node.tail()
    node.add(5.0, 1)
    assert node.tail() != first


def test_cells_list_everything_once() -> None:
    finished, killed = Counted.FINISHED, Counted.KILLED
    node = node_of([(0.0, 0.0, finished, 1.0), (0.0, 1.0, finished, 1.0), (1.0, 0.0, killed, 1.0)])
    assert list(cells(node)) == [(finished, 0, 0, 2), (killed, 0, 128, 1)]
