"""What detectors need: values that decide how many boxes there are, on the virtual GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from estimator.drystep.launch import run_dry_step
from estimator.drystep.request import DeviceChoice, DryStepRequest
from estimator.workload.types import Workload
from tests.drystep.virtual import on_virtual_gpu, plugin_or_skip

pytestmark = pytest.mark.paddle


def test_proposals_are_as_many_as_may_be_and_can_be_sorted_by_overlap() -> None:
    """Heads give zeros here; a card with trained weights would keep about as many as allowed."""
    told = on_virtual_gpu("""
        from paddle.vision import ops
        features = paddle.randn([1, 64, 20, 20])
        scores = paddle.nn.Conv2D(64, 3, 1)(features)
        deltas = paddle.nn.Conv2D(64, 12, 1)(features)
        corner = paddle.stack(paddle.meshgrid(paddle.arange(20.0), paddle.arange(20.0)), -1)
        sizes = paddle.to_tensor([8.0, 16.0, 24.0])
        boxes = [paddle.concat([corner * 16, corner * 16 + size], -1) for size in sizes]
        anchors = paddle.stack(boxes, 2)
        rois, _, number = ops.generate_proposals(
            scores, deltas, paddle.to_tensor([[336.0, 336.0]]), anchors,
            paddle.ones_like(anchors), pre_nms_top_n=6000, post_nms_top_n=1000,
            nms_thresh=0.9, return_rois_num=True)
        wide = (rois[:, 2] - rois[:, 0]) > 12
        result["kept"] = number.tolist()
        result["wide"] = int(paddle.nonzero(wide).shape[0])
    """)
    assert told["kept"] == [1000]
    # Of 20 x 20 x 3 anchors, 1000 are kept in their order, and two of three are wider than 12.
    assert 600 <= told["wide"] <= 700


def test_prior_boxes_depend_on_shapes_alone() -> None:
    told = on_virtual_gpu("""
        from paddle.vision import ops
        def boxes():
            image = paddle.randn([1, 3, 320, 320])
            features = paddle.nn.Conv2D(3, 8, 3, stride=8, padding=1)(image)
            return ops.prior_box(features, image, min_sizes=[30.0])[0]
        result["virtual"] = float(boxes().sum())
        paddle.set_device("cpu")
        result["cpu"] = float(boxes().sum())
    """)
    assert told["virtual"] == pytest.approx(told["cpu"])
    assert told["virtual"] > 0


def test_what_is_like_another_has_its_shape_alone() -> None:
    told = on_virtual_gpu("""
        zeros = paddle.nn.Linear(64, 64)(paddle.randn([1024, 64]))
        result["ones"] = float(paddle.ones_like(zeros).sum())
        row = paddle.arange(64.0).unsqueeze(0)
        result["rows"] = float(paddle.expand_as(row, zeros).sum())
    """)
    assert told["ones"] == 65_536.0
    assert told["rows"] == 1024 * 63 * 64 / 2


def test_overlaps_of_many_boxes_are_computed() -> None:
    """180 boxes against 8,732 anchors, as in SSD: 12 MiB for each intermediate."""
    told = on_virtual_gpu("""
        anchors = paddle.linspace(0.0, 1.0, 8732).unsqueeze(0)
        boxes = paddle.linspace(0.0, 1.0, 360).unsqueeze(1)
        apart = paddle.abs(paddle.maximum(anchors, boxes) - paddle.minimum(anchors, boxes))
        result["close"] = int((apart < 1e-4).any(0).astype("int64").sum())
    """)
    # Around each of 360 points 2e-4 of the line, where 8731 steps make a step of 1.145e-4.
    assert 360 <= told["close"] <= 720


SCALING = """
import paddle

class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.head = paddle.nn.Linear(4096, 1024)

    def forward(self, features, boxes):
        boxes[:, 0] = boxes[:, 0] * 0.5  # in place, as YOLOX scales its boxes
        inside = paddle.nonzero(boxes[:, 0] > 300).flatten()
        return self.head(paddle.gather(features, inside))

def example_batch(batch_size):
    return (paddle.randn([batch_size, 4096]), paddle.full([batch_size, 4], 800.0)), None

def loss_fn(outputs, labels):
    return outputs.mean()

def build_optimizer(parameters):
    return paddle.optimizer.SGD(parameters=parameters)
"""


def test_each_step_finds_its_batch_as_it_was_made(tmp_path: Path) -> None:
    """800 x 0.5 is above 300; 800 x 0.25, the second step on one and the same batch, is not."""
    plugin = plugin_or_skip()
    (tmp_path / "net.py").write_text(SCALING)
    report = run_dry_step(
        DryStepRequest(
            Workload(tmp_path / "net.py"),
            per_device_batch_size=256,
            device=DeviceChoice.VIRTUAL,
            plugin=plugin.library,
            environment=plugin.environment(),
        )
    )
    (head,) = (k for k in report.measurements[0].kernels if k.name == "linear_v2")
    assert head.outputs[0].shape == (256, 1024)
