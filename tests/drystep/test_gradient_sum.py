"""Gradients of a tensor that is used twice are added in place, as on CUDA."""

from __future__ import annotations

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

TRAINED = """
F = paddle.nn.functional

def trained(device):
    paddle.set_device(device)
    x = paddle.randn([2, 8, 256, 256])
    x.stop_gradient = False
    labels = paddle.zeros([2, 256, 256], "int64")

    def step():
        loss(x * 2.0, labels).backward()
        x.clear_grad()

    step()
    if device == "cpu":
        core.host_memory_stat_reset_peak_value("Allocated", 0)
        step()
        return core.host_memory_stat_peak_value("Allocated", 0)
    statistics.restart_allocated_peak()
    step()
    return statistics.peak_allocated_bytes()

result["virtual"] = trained("virtual_device:0")
result["cpu"] = trained("cpu")
"""
VIEW = """
def loss(y, labels):
    pieces = F.cross_entropy(y.transpose([0, 2, 3, 1]), labels)
    return pieces + paddle.concat([y, y[:, :1]], 1).mean()
"""
SLICES = """
def loss(y, labels):
    return sum(F.cross_entropy(y[i].transpose([1, 2, 0]), labels[i]) for i in range(2))
"""


@pytest.mark.parametrize("loss", [VIEW, SLICES], ids=["view", "slices"])
def test_gradients_are_added_in_place(loss: str) -> None:
    """One summand comes from a transpose, which Paddle copies before it adds; or both from slices,
    each copied into zeros.
    """
    told = on_virtual_gpu(loss + TRAINED)
    # Scalars of 4 bytes take 256 on a device; one tensor too many would be 4 MiB of 26.
    assert told["virtual"] == pytest.approx(told["cpu"], abs=16 * 256)
