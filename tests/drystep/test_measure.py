"""A whole request on the virtual GPU: one measurement must not feel the one before it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.units import GIB
from estimator.workload.types import Workload
from tests.drystep.virtual import plugin_or_skip

pytestmark = pytest.mark.paddle

AMP = Precision("O1", "float16")

PREPARED = """
    import paddle

    net = paddle.nn.Sequential(
        *(
            paddle.nn.Sequential(paddle.nn.Conv2D(3 if i == 0 else 32, 32, 3), paddle.nn.ReLU())
            for i in range(6)
        ),
        paddle.nn.Flatten(),
        paddle.nn.Linear(32 * 20 * 20, 10),
    )
    spec = paddle.static.InputSpec
    model = paddle.Model(net, spec([None, 3, 32, 32], name="x"), spec([None, 1], "int64", "y"))
    model.prepare(paddle.optimizer.Adam(parameters=net.parameters()), paddle.nn.CrossEntropyLoss())
"""


def report(model_file: Path, *precisions: Precision) -> DryStepReport:
    plugin = plugin_or_skip()
    request = DryStepRequest(
        workload=Workload(model_file),
        per_device_batch_size=4,
        precisions=precisions,
        device=DeviceChoice.VIRTUAL,
        capacities=(1 * GIB,),
        plugin=plugin.library,
        environment=plugin.environment(),
    )
    return run_dry_step(request, Limits(), lambda _: None)


def test_a_second_precision_reserves_what_it_reserves_alone(tmp_path: Path) -> None:
    """A model at module level lives until its file is run again, gradients and all."""
    path = tmp_path / "model.py"
    path.write_text(textwrap.dedent(PREPARED))
    second = report(path, Precision(), AMP).measurements[1]
    alone = report(path, AMP).measurements[0]
    assert second.peak_reserved_bytes == alone.peak_reserved_bytes
    assert second.peak_allocated_bytes == alone.peak_allocated_bytes


def test_sparse_gradients_are_not_tried_in_mixed_precision_unasked() -> None:
    """Adam's sparse kernel dies under AMP; nobody asked for that, so the answer must not."""
    told = report(Path(__file__).parent / "models" / "sparse_embedding.py", Precision(), AMP)
    assert [one.precision for one in told.measurements] == [Precision()]
    assert any("amp-O1-float16 was not tried" in sentence for sentence in told.assumptions)
