"""What a search among plans is asked to run, by the options and the GPU types."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from estimator.drystep.device.choose import ChosenDevice
from estimator.drystep.measurement import Device
from estimator.drystep.request import PlanSpace
from estimator.options import EstimateOptions
from estimator.plan.types import Question
from estimator.searched import plan_space
from estimator.workload.types import Workload
from tests.gpus import shipped_catalogue

A100 = shipped_catalogue().find("A100-SXM4-80GB")  # eight on a node
OPTIONS = EstimateOptions(
    Workload(Path("m.py")), Question(max_gpus=16, objective=None), search=True
)


def space(question: Question = OPTIONS.question) -> PlanSpace | None:
    asked = replace(OPTIONS, question=question)
    return plan_space(asked, (A100,), ChosenDevice(Device.VIRTUAL))


def test_one_node_has_no_groups_of_sharding() -> None:
    of = space(Question(max_gpus=8, objective=None))
    assert of is not None
    assert (of.nodes, of.gpus_per_node) == ((), 8)
    assert {one.sharding_groups for one in of.strategies} == {1}


def test_groups_of_sharding_are_the_nodes() -> None:
    of = space()
    assert of is not None
    assert (of.nodes, of.gpus_per_node) == (((16, 2),), 8)
    assert {one.sharding_groups for one in of.strategies} == {1, 2}


def test_pinned_nodes_say_how_many_are_on_each() -> None:
    of = space(Question(max_gpus=8, objective=None, pinned_gpus=2, pinned_nodes=4))
    assert of is not None
    assert (of.gpu_counts, of.nodes, of.gpus_per_node) == ((8,), ((8, 4),), 2)


def test_one_gpu_is_nothing_to_search() -> None:
    assert space(Question(max_gpus=1, objective=None)) is None


def test_degrees_that_are_given_are_pinned() -> None:
    workload = Workload(Path("m.py"), options={"tensor_parallel_degree": 2, "layers": 4})
    of = plan_space(replace(OPTIONS, workload=workload), (A100,), ChosenDevice(Device.VIRTUAL))
    assert of is not None
    assert of.degrees == (("tensor_parallel_degree", 2),)
