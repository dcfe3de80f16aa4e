"""A whole request on the virtual GPU: one measurement must not feel the one before it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.drystep.search import RESOLUTION
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


COPIES_DIE = """
    import functools, os

    os.register_at_fork(after_in_child=functools.partial(os._exit, 3))
"""


def test_a_search_whose_copies_die_is_done_again(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.py", tmp_path / "broken.py"
    whole.write_text(textwrap.dedent(PREPARED))
    broken.write_text(textwrap.dedent(COPIES_DIE) + textwrap.dedent(PREPARED))
    expected, found = report(whole, Precision(), AMP), report(broken, Precision(), AMP)
    assert found.measurements == expected.measurements
    assert len(found.ladder) == len(expected.ladder)
    largest = [r.trials[0].max_per_device_batch_size for r in (found, expected)]
    assert largest[0] == pytest.approx(largest[1], rel=1 / RESOLUTION)  # as far as is searched


SHARED_STATE = """
    import paddle

    seen = []

    def build_model():
        return paddle.nn.Linear(8, 8)

    def example_batch(batch_size):
        seen.append(batch_size)
        rows = batch_size + (batch_size > 64)  # no tensor of more than 64 rows is right
        x = paddle.zeros([rows, 8])
        return x, x

    loss = paddle.nn.MSELoss()
"""


def test_what_the_copies_have_found_out_is_said(tmp_path: Path) -> None:
    """A batch above 64, which only the search makes, has the wrong size: an assumption says so."""
    path = tmp_path / "model.py"
    path.write_text(textwrap.dedent(SHARED_STATE))
    assert any(
        "made no tensor whose first size" in said for said in report(path, Precision()).assumptions
    )
