"""Which plans are run: a model whose memory is a formula stands in for the runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from estimator.drystep.cluster import RankSeen, Topology
from estimator.drystep.measurement import MemoryBreakdown, PlanPoint, PlanRun, Precision, RankClass
from estimator.drystep.plansearch import OneGpu, PlanSearch, may_be_squeezed, takes_no_more
from estimator.drystep.request import PlanSpace
from estimator.drystep.strategy import Strategy, strategies, with_degrees, with_groups
from estimator.values import Missing
from estimator.workload.types import Workload
from tests.plan.planning import report

FP32, O2 = Precision(), Precision("O2", "float16")
MEASURED = report().measurements[0]
WORKLOAD = Workload(Path("model.py"))
NOTHING = OneGpu(replace(MEASURED, breakdown=MemoryBreakdown(0, 0, 0, 0, 0, 0)), WORKLOAD)
SEEN = RankSeen(0, 8, Topology((("data", 8),)), (), (), (), 1, 1)
FAILED = Missing("no repeated blocks to recompute")


@dataclass(frozen=True)
class Model:
    """16 bytes of state, of which a stage shards 8, 12 or all, and so much a sample."""

    per_sample: int = 10
    fails: tuple[Strategy, ...] = ()

    def bytes_of(self, point: PlanPoint) -> int:
        shared = (0, 8, 12, 16)[point.strategy.sharding_stage]
        state = 16 - shared + shared // point.gpu_count
        each = self.per_sample // 5 if point.strategy.recompute else self.per_sample
        return state + each * point.per_device_batch_size

    def run(self, point: PlanPoint) -> PlanRun:
        if point.strategy in self.fails:
            return PlanRun(point, FAILED)
        size = self.bytes_of(point)
        measured = replace(MEASURED, peak_allocated_bytes=size, peak_reserved_bytes=size)
        return PlanRun(point, (RankClass("rank 0", (0,), 0, measured, SEEN),))


def space(
    *capacities: int, batch: int | None = None, counts: tuple[int, ...] = (2, 8)
) -> PlanSpace:
    return PlanSpace(counts, (FP32,), strategies(recompute=False), batch, capacities)


def searched(of: PlanSpace, model: Model, first: int = 4, at_once: int = 2) -> PlanSearch:
    search = PlanSearch(of, NOTHING, first, 64)
    while True:
        running = []
        while len(running) < at_once and (point := search.next()) is not None:
            running.append(point)
        if not running:
            return search
        for point in running:
            search.learn(model.run(point))


def test_every_plan_that_may_be_the_best_is_run() -> None:
    of, model = space(100), Model()
    search = searched(of, model)
    batches = [1 << n for n in range(7)]
    every = [
        PlanPoint(count, FP32, batch, strategy)
        for count in of.gpu_counts
        for batch in batches
        for strategy in of.strategies
    ]
    fits = {point for point in every if model.bytes_of(point) <= 100}
    # The best plan on so many GPUs: the fastest strategy at the largest batch that one fits with.
    for count in of.gpu_counts:
        for strategy in of.strategies:
            same = [p for p in fits if (p.gpu_count, p.strategy) == (count, strategy)]
            largest = max(same, key=lambda point: point.per_device_batch_size)
            faster = [
                other
                for other in of.strategies
                if other != strategy and other.does_no_more_than(strategy)
            ]
            if not any(replace(largest, strategy=other) in fits for other in faster):
                assert largest in search.runs
    seen = search.seen()
    assert len(seen.runs) + seen.left_out == len(every)
    assert len(seen.runs) < len(every) / 3
    assert seen.not_reached == seen.failing == 0


def test_what_is_left_out_is_what_the_rules_say() -> None:
    model = Model()
    search = searched(space(100), model)
    for point, why in search.left_out.items():
        fits = model.bytes_of(point) <= 100
        if why == "too_large":
            assert not fits
        elif why == "slower":
            others = strategies(recompute=False)
            faster = [
                s for s in others if s != point.strategy and s.does_no_more_than(point.strategy)
            ]
            assert any(model.bytes_of(replace(point, strategy=s)) <= 100 for s in faster)
        else:
            four = replace(point, per_device_batch_size=4 * point.per_device_batch_size)
            assert model.bytes_of(four) <= 100


def test_an_asked_batch_is_the_only_one() -> None:
    search = searched(space(1000, batch=3), Model())
    assert {point.per_device_batch_size for point in search.runs} == {3}
    # Data parallel without recompute fits, and so nothing else is faster.
    assert any(point.strategy == Strategy() for point in search.runs)


def test_nothing_fits_after_one_run_of_each_batch() -> None:
    search = searched(space(1, batch=8), Model())
    (only,) = search.runs
    assert only == PlanPoint(8, FP32, 8, Strategy(3, recompute=True))
    assert search.seen().too_large == 2 * 8 - 1


def test_what_cannot_be_run_says_nothing_of_the_others() -> None:
    recompute = tuple(s for s in strategies(recompute=False) if s.recompute)
    search = searched(space(100, batch=4), Model(fails=recompute))
    ran = {p.strategy for p, run in search.runs.items() if run.ranks is not FAILED}
    assert Strategy() in ran
    # Each that fails is run once, for all numbers of GPUs; those that are slower anyway are not.
    failed = [p.strategy for p, run in search.runs.items() if run.ranks is FAILED]
    assert len(failed) == len(set(failed))


def test_what_fails_at_a_large_batch_is_tried_at_a_smaller_one() -> None:
    @dataclass(frozen=True)
    class Breaking(Model):
        def run(self, point: PlanPoint) -> PlanRun:
            broken = point.per_device_batch_size > 4
            return PlanRun(point, FAILED) if broken else super().run(point)

    search = searched(space(1000), Breaking(), first=8)
    ran = {p.per_device_batch_size for p, run in search.runs.items() if run.ranks != FAILED}
    assert max(ran) == 4
    assert {p.per_device_batch_size for p in search.runs} == ran | {8}


def test_a_small_kind_of_gpu_keeps_the_search_going() -> None:
    small = searched(space(20, 1000), Model())
    large = searched(space(1000), Model())
    assert len(small.runs) > len(large.runs)
    assert any(point.per_device_batch_size == 1 for point in small.runs)


def test_when_time_is_up_the_rest_is_not_reached() -> None:
    of = space(100, batch=4)
    search = PlanSearch(of, NOTHING, 4, 64)
    first, second = search.next(), search.next()
    assert first is not None
    search.learn(Model().run(first))
    seen = search.seen()
    # 2 counts x 8 strategies: one was run, one may be running still, the others are open.
    assert (len(seen.runs), seen.left_out) == (1, 16 - 1 - (second is not None))
    assert seen.not_reached == seen.left_out


POINT = PlanPoint(4, FP32, 8, Strategy(1))


@pytest.mark.parametrize(
    ("other", "more"),
    [
        (replace(POINT, per_device_batch_size=16), True),
        (replace(POINT, per_device_batch_size=4), False),
        (replace(POINT, gpu_count=2), True),
        (replace(POINT, gpu_count=8), False),
        (replace(POINT, gpu_count=8, strategy=Strategy(0)), True),  # takes the same on any number
        (replace(POINT, strategy=Strategy(2)), False),
        (replace(POINT, strategy=Strategy(0, recompute=True)), False),  # not to be compared
        (replace(POINT, precision=O2), False),
    ],
)
def test_which_of_two_takes_more(other: PlanPoint, more: bool) -> None:
    assert takes_no_more(POINT, other) is more


def test_an_impossible_degree_ends_with_the_plan_that_is_only_split() -> None:
    @dataclass(frozen=True)
    class Indivisible(Model):
        def run(self, point: PlanPoint) -> PlanRun:
            odd = point.strategy.tensor_parallel_degree == 4
            return PlanRun(point, FAILED) if odd else super().run(point)

    all_of_them = with_degrees(strategies(recompute=False), {"tensor_parallel_degree"}, 4, 8)
    of = replace(space(batch=4), strategies=all_of_them)
    search = searched(of, Indivisible(), at_once=1)
    failed = [point.strategy for point in search.runs if point.strategy.tensor_parallel_degree == 4]
    assert failed == [Strategy(3, recompute=True, tensor_parallel_degree=4), Strategy(0, False, 4)]
    # Of the others all that two GPUs or eight can be shared into: degree 2 on 2 leaves no shards.
    assert len(search.runs) == 2 * 8 + 8 + 2 + len(failed)


def test_what_one_gpu_says_of_a_share() -> None:
    parts = MemoryBreakdown(800, 0, 0, 1600, 3200, 0)
    alone = OneGpu(replace(MEASURED, breakdown=parts, per_device_batch_size=32), WORKLOAD)

    def floor(batch: int, *strategy: int) -> int:
        return alone.floor(PlanPoint(8, FP32, batch, Strategy(*strategy)))

    assert floor(32) == 800 + 1600 + 3200
    assert floor(8) == 800 + 1600 + 3200 // 4
    assert floor(64) == floor(32)  # no less; how much more is for a run to say
    assert floor(32, 1) == 800 + 1600 // 8 + 3200
    assert floor(32, 3) == 800 // 8 + 1600 // 8 + 3200
    assert floor(32, 1, True) == 800 + 1600 // 8
    assert floor(32, 0, False, 4) == (800 + 1600 + 3200) // 4
    assert floor(32, 1, False, 4) == 800 // 4 + 1600 // 8 + 3200 // 4
    # A pipeline of 2 makes 8 micro-batches of 32 samples, and a stage may have one of these alone.
    assert floor(32, 0, False, 1, 2) == (800 + 1600 + 3200 // 8) // 2
    assert alone.floor(PlanPoint(8, O2, 32, Strategy())) == 0


def test_a_share_that_does_not_fit_is_not_run() -> None:
    parts = MemoryBreakdown(8, 0, 0, 8, 64, 0)
    of, model = space(50, batch=8), Model()
    alone = OneGpu(replace(MEASURED, breakdown=parts, per_device_batch_size=8), WORKLOAD)
    search = PlanSearch(of, alone, 8, 64)
    while (point := search.next()) is not None:
        search.learn(model.run(point))
    assert all(point.strategy.recompute for point in search.runs)
    assert search.seen().too_large >= 2 * 4


def test_a_pipeline_has_a_sample_for_each_stage() -> None:
    degrees = {"pipeline_parallel_degree"}
    of = replace(space(), strategies=with_degrees(strategies(recompute=False), degrees, 8, 8))
    search = searched(of, Model())
    pipelines = [point for point in search.runs if point.strategy.pipeline_parallel_degree > 1]
    assert pipelines
    for point in pipelines:
        assert point.strategy.pipeline_parallel_degree <= point.per_device_batch_size
        assert point.strategy.sharding_stage <= 1


def test_every_kind_of_rank_that_may_give_memory_back_is_run_on_little() -> None:
    def kind(rank: int, allocated: int, reserved: int) -> RankClass:
        measured = replace(MEASURED, peak_allocated_bytes=allocated, peak_reserved_bytes=reserved)
        return RankClass(f"rank {rank}", (rank,), 0, measured, replace(SEEN, rank=rank))

    run = PlanRun(POINT, (kind(0, 60, 90), kind(4, 50, 80), kind(6, 10, 20)))
    # 50 is too small for rank 0, 100 is enough for all.
    short = may_be_squeezed(run, space(50, 70, 85, 100))
    assert [(capacity, one.seen.rank) for capacity, one in short] == [(70, 0), (70, 4), (85, 0)]
    assert may_be_squeezed(PlanRun(POINT, FAILED), space(70)) == ()


def test_groups_are_as_many_as_nodes() -> None:
    several = with_groups(strategies(recompute=False), {2})
    of = replace(space(counts=(4, 8), batch=1), strategies=several, nodes=((8, 2),))
    search = searched(of, Model())  # without a capacity all are run
    counts = {point.gpu_count for point in search.runs if point.strategy.sharding_groups == 2}
    assert counts == {8}
    assert len(search.runs) == 8 + 8 + 6


def test_what_is_shared_by_fewer_takes_more() -> None:
    halves = replace(POINT, gpu_count=8, strategy=Strategy(1, sharding_groups=2))
    assert takes_no_more(POINT, halves)  # each of four GPUs has a quarter
    assert takes_no_more(replace(POINT, gpu_count=8), halves)
    assert not takes_no_more(halves, replace(POINT, gpu_count=8))
