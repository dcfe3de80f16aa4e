"""Memory by kind over a step: from the lives of blocks, and on the virtual GPU itself."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Phase
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.drystep.timeline import KINDS, MOST_MOMENTS, BlockLife, FollowedStep, timeline_of
from estimator.units import MIB
from estimator.workload.types import Workload
from tests.drystep.virtual import plugin_or_skip

FORWARD, BACKWARD, OPTIMIZER = Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER
STEP = FollowedStep(
    # 100 of parameters; an activation of 40; a gradient of 20 and scratch of 5; the gradient alone
    allocated=(140, 165, 120),
    phases=(FORWARD, BACKWARD, OPTIMIZER),
    lives=(
        BlockLife(1, 100, FORWARD, False, -1, 3),  # a parameter, which a kernel once made
        BlockLife(2, 40, FORWARD, False, 0, 2),
        BlockLife(3, 20, BACKWARD, True, 1, 3),
        BlockLife(4, 5, BACKWARD, False, 1, 2),
    ),
)


def test_what_lasts_what_passes_and_the_rest() -> None:
    found = timeline_of(STEP, {"parameters": {1: 100}, "buffers": {}, "activations": {}})
    assert found.launches == (0, 1, 2)
    assert found.parts == (FORWARD, BACKWARD, OPTIMIZER)
    assert found.bytes_by_kind == {
        "parameters": (100, 100, 100),
        "buffers": (0, 0, 0),
        "gradients": (0, 20, 20),
        "optimizer_state": (0, 0, 0),
        "activations": (40, 40, 0),
        "temporary": (0, 5, 0),
    }


def test_a_block_counts_for_the_first_kind_that_has_it() -> None:
    found = timeline_of(STEP, {"parameters": {1: 100}, "activations": {1: 100}})
    assert found.bytes_by_kind["parameters"] == (100, 100, 100)
    assert found.bytes_by_kind["activations"] == (40, 40, 0)


def test_less_allocated_than_the_kinds_hold_is_taken_from_the_activations() -> None:
    step = FollowedStep((130, 165, 120), STEP.phases, STEP.lives)
    found = timeline_of(step, {"parameters": {1: 100}})
    assert (found.bytes_by_kind["activations"][0], found.bytes_by_kind["temporary"][0]) == (30, 0)


def test_of_many_launches_the_highest_of_neighbours_is_kept() -> None:
    count = 3 * MOST_MOMENTS
    allocated = tuple(1000 if at == 100 else at % 3 for at in range(count))
    found = timeline_of(FollowedStep(allocated, (FORWARD,) * count, ()), {})
    assert found.launch_count == count
    assert len(found.launches) == MOST_MOMENTS
    assert found.launches[:2] == (2, 5)  # 0, 1, 2 and 0, 1, 2: the twos
    assert found.launches[33] == 100
    assert found.bytes_by_kind["temporary"][33] == 1000


def test_a_step_without_launches() -> None:
    found = timeline_of(FollowedStep((), (), ()), {"parameters": {1: 100}})
    assert (found.launch_count, found.launches) == (0, ())
    assert found.bytes_by_kind == dict.fromkeys(KINDS, ())


MODEL = """
import paddle

def build_model():
    return paddle.nn.Sequential(
        paddle.nn.Linear(256, 1024), paddle.nn.Tanh(), paddle.nn.Linear(1024, 256))

def example_batch(batch_size):
    return paddle.randn([batch_size, 256]), None

def loss_fn(outputs, labels):
    return outputs.mean()

def build_optimizer(parameters):
    return paddle.optimizer.Adam(parameters=parameters)
"""


def followed(tmp_path: Path, *, timeline: bool) -> DryStepReport:
    plugin = plugin_or_skip()
    (tmp_path / "net.py").write_text(MODEL)
    return run_dry_step(
        DryStepRequest(
            Workload(tmp_path / "net.py"),
            per_device_batch_size=1024,
            device=DeviceChoice.VIRTUAL,
            plugin=plugin.library,
            environment=plugin.environment(),
            timeline=timeline,
        )
    )


@pytest.mark.paddle
def test_the_timeline_of_a_step_has_its_peak_and_its_breakdown(tmp_path: Path) -> None:
    report = followed(tmp_path, timeline=True)
    timeline, measured = report.timeline, report.measurements[0]
    assert timeline is not None
    totals = [sum(held) for held in zip(*timeline.bytes_by_kind.values(), strict=True)]
    most = totals.index(max(totals))
    assert totals[most] == measured.peak_allocated_bytes
    at_peak = {kind: held[most] for kind, held in timeline.bytes_by_kind.items()}
    assert at_peak == asdict(measured.breakdown)
    # In the forward pass the batch (1 MiB), then tanh's input and output (4 MiB each); of these
    # two its gradient needs the output alone.
    held = timeline.bytes_by_kind["activations"]
    forward = [h for h, part in zip(held, timeline.parts, strict=True) if part is FORWARD]
    assert max(forward) == 9 * MIB
    assert list(dict.fromkeys(timeline.parts))[:3] == [FORWARD, BACKWARD, OPTIMIZER]
    # Two moments of 2 x 256 x 1024 weights: 4 MiB, and some of the biases.
    state = set(timeline.bytes_by_kind["optimizer_state"])
    assert len(state) == 1
    assert 4 * MIB < state.pop() < 4.1 * MIB


@pytest.mark.paddle
def test_following_changes_nothing(tmp_path: Path) -> None:
    followed_, plain = (followed(tmp_path, timeline=on) for on in (True, False))
    assert plain.timeline is None
    assert followed_.measurements == plain.measurements
    assert followed_.peak_at == plain.peak_at
