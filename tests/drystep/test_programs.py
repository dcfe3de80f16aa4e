"""Whole requests for models that Paddle runs as programs: saved ones, and those turned static."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits, PlanSpace
from estimator.drystep.strategy import Strategy
from estimator.errors import UserCodeFailed
from estimator.units import MIB
from estimator.values import Missing
from estimator.workload.types import Workload
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

NET = """
    import sys
    import paddle

    class Net(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.wide = paddle.nn.Conv2D(4, 32, 3, padding=1)
            self.norm = paddle.nn.BatchNorm2D(32)
            self.head = paddle.nn.Linear(32, 10)

        def forward(self, inputs):
            x = paddle.nn.functional.relu(self.norm(self.wide(inputs)))
            return self.head(POOLED)

    def build_model():
        return DECORATED(Net())

    def example_batch(batch_size):
        return paddle.randn([batch_size, 4, 32, 32]), None

    if __name__ == "__main__":
        spec = [paddle.static.InputSpec([None, 4, 32, 32], "float32", "inputs")]
        paddle.jit.save(paddle.jit.to_static(build_model(), input_spec=spec), sys.argv[1])
"""
MEAN = "x.mean([2, 3])"
FLATTENED = "paddle.nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)"
TURNED_STATIC = "(lambda net: paddle.jit.to_static(net, full_graph=True))"
CAPACITY = 64 * MIB


def written(tmp_path: Path, pooled: str = MEAN, decorated: str = "") -> Path:
    path = tmp_path / "net.py"
    text = textwrap.dedent(NET).replace("POOLED", pooled).replace("DECORATED", decorated)
    path.write_text(text)
    return path


def saved(tmp_path: Path, pooled: str = MEAN, **variables: str) -> Path:
    """The program, written by Paddle itself in its older form where the flag says so."""
    program = tmp_path / "program"
    command = [sys.executable, "-W", "ignore", str(written(tmp_path, pooled)), str(program)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | variables)
    return program


OLD = {"FLAGS_enable_pir_api": "0"}


def report(path: Path, plans: PlanSpace | None = None, **workload: bool) -> DryStepReport:
    plugin = plugin_or_skip()
    request = DryStepRequest(
        Workload(path, **workload),
        per_device_batch_size=8,
        device=DeviceChoice.VIRTUAL,
        capacities=(CAPACITY,),
        plugin=plugin.library,
        environment=plugin.environment(),
        plans=plans,
    )
    return run_dry_step(request, Limits(seconds=90))


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("variables", [{}, OLD])
def test_the_largest_batch_of_a_saved_program(
    tmp_path: Path, variables: dict[str, str], inference: bool
) -> None:
    """It runs in threads of Paddle's, which a copy of the process would wait for in vain."""
    (trial,) = report(saved(tmp_path, **variables), inference=inference).trials
    # 32 x 32 x 32 x 4 bytes of a convolution's output are 128 KiB, of which a few live at once
    assert 64 <= trial.max_per_device_batch_size <= 512
    assert not isinstance(trial.measurement, Missing)


def test_the_largest_batch_of_a_model_turned_static_is_about_that_of_the_model(
    tmp_path: Path,
) -> None:
    (static,) = report(written(tmp_path, decorated=TURNED_STATIC)).trials
    (plain,) = report(written(tmp_path)).trials
    assert static.max_per_device_batch_size == pytest.approx(
        plain.max_per_device_batch_size, rel=0.25
    )


def test_a_program_of_paddle_2_that_lacks_what_a_gradient_needs(tmp_path: Path) -> None:
    """``flatten`` has an output XShape, which is not saved: Paddle's own CPU run fails as well."""
    with pytest.raises(UserCodeFailed, match="XShape cannot be found") as caught:
        report(saved(tmp_path, FLATTENED, **OLD))
    assert "--inference" in caught.value.hint


def test_plans_are_not_run_and_that_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, decorated=TURNED_STATIC)
    plans = report(path, PlanSpace((2,), (Precision(),), (Strategy(),), None, (CAPACITY,))).plans
    assert isinstance(plans, Missing)
    assert "Paddle runs this model as a program" in plans.reason
