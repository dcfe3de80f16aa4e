"""Degrees of parallelism that are given by ``-o``: what they pin, and which cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estimator.degrees import check_counts, check_ran, pinned_degrees, unsplit
from estimator.drystep.measurement import PlanPoint, PlanRun, PlansSeen, Precision
from estimator.drystep.request import PlanSpace
from estimator.drystep.strategy import Strategy
from estimator.errors import BadInput, UserCodeFailed
from estimator.options import EstimateOptions
from estimator.plan.types import Question
from estimator.values import Missing
from estimator.workload.types import OptionValue, Workload
from tests import builders

TENSOR, PIPELINE = "tensor_parallel_degree", "pipeline_parallel_degree"


def options(*, search: bool = True, **given: OptionValue) -> EstimateOptions:
    return EstimateOptions(
        Workload(Path("m.py"), options=given), Question(8, objective=None), search=search
    )


def test_what_is_given_is_pinned_and_the_model_alone_is_not_split() -> None:
    asked = options(tensor_parallel_degree=2, layers=4)
    degrees = pinned_degrees(asked)
    assert degrees == {TENSOR: 2}
    assert unsplit(asked.workload, degrees).options == {"layers": 4}
    assert pinned_degrees(options(layers=4)) == {}


def test_without_a_search_there_is_one_gpu() -> None:
    with pytest.raises(BadInput, match="splits the model among GPUs") as told:
        pinned_degrees(options(search=False, pipeline_parallel_degree=2))
    assert told.value.where == "-o pipeline_parallel_degree=2"
    assert "--search" in told.value.hint
    assert "run --gpus 2 -- python train.py" in told.value.hint
    whole = options(search=False, tensor_parallel_degree=1)
    assert pinned_degrees(whole) == {}
    assert unsplit(whole.workload, {}).options == {TENSOR: 1}  # the function may want to have it


@pytest.mark.parametrize("value", [0, -2, 2.5, "two", True])
def test_a_degree_is_a_number_of_gpus(value: OptionValue) -> None:
    with pytest.raises(BadInput, match="is a number of GPUs from 1") as told:
        pinned_degrees(options(tensor_parallel_degree=value))
    assert told.value.hint == "-o tensor_parallel_degree=2"


@pytest.mark.parametrize(
    ("degrees", "counts", "said", "hint"),
    [
        (
            {TENSOR: 4, PIPELINE: 4},
            (2, 4, 8),
            "16 GPUs hold the model together, and plans may have 8",
            "--max-gpus 16",
        ),
        ({TENSOR: 4}, (2,), "4 GPUs hold the model together, and plans may have 2", "--gpus 4"),
        ({TENSOR: 2}, (), "2 GPUs hold the model together, and plans may have 1", "--max-gpus 2"),
        ({TENSOR: 16}, (8, 16), "needs a node of as many GPUs, and one has 8", f"-o {TENSOR}=8"),
        ({PIPELINE: 5}, (2, 4, 8), "5 GPUs hold .* may have 2, 4, 8: no multiple", "--gpus 5"),
        ({PIPELINE: 3}, (8,), "3 GPUs hold .* may have 8: no multiple", "--gpus 6"),
    ],
)
def test_degrees_that_no_plan_can_have(
    degrees: dict[str, int], counts: tuple[int, ...], said: str, hint: str
) -> None:
    with pytest.raises(BadInput, match=said) as told:
        check_counts(degrees, counts, gpus_per_node=8)
    assert told.value.hint == hint
    assert str(told.value.where).startswith("-o ")


def test_degrees_that_some_plan_can_have() -> None:
    check_counts({TENSOR: 2, PIPELINE: 3}, (2, 4, 6, 8), 8)
    check_counts({PIPELINE: 16}, (8, 16), 8)  # stages go over nodes
    check_counts({TENSOR: 1}, (), 8)
    check_counts({}, (), 8)


FAILED = PlanRun(
    PlanPoint(6, Precision(), 1, Strategy(tensor_parallel_degree=3)),
    Missing("ValueError: 8 heads cannot be shared by 3 GPUs"),
)


def space(degree: int = 3) -> PlanSpace:
    return PlanSpace((6,), (Precision(),), (), 1, (), 8, degrees=((TENSOR, degree),))


def test_a_degree_at_which_the_model_fails_is_an_error() -> None:
    seen = PlansSeen((FAILED,), 0, 0, 0, 0, 0)
    report = replace(builders.report(), plans=seen)
    with pytest.raises(UserCodeFailed, match="8 heads cannot be shared by 3 GPUs") as told:
        check_ran(space(), report)
    assert told.value.where == "-o tensor_parallel_degree=3"
    assert "another degree" in told.value.hint
    check_ran(None, report)  # nothing was pinned: the notes say it
    check_ran(replace(space(), degrees=()), report)
    check_ran(space(), replace(report, plans=replace(seen, runs=(), too_large=1)))


def test_a_model_that_no_plan_can_run_is_an_error_where_a_degree_is_pinned() -> None:
    report = replace(builders.report(), plans=Missing("nothing was searched: threads"))
    with pytest.raises(BadInput, match="nothing was searched: threads"):
        check_ran(space(), report)
    check_ran(space(degree=1), report)
