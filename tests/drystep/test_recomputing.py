"""Which blocks are recomputed, and that gradients stay what they were."""

import numpy as np
import paddle
import pytest

from estimator.drystep.child.recomputing import recompute_blocks
from estimator.errors import BadInput

nn = paddle.nn


class Block(nn.Layer):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, inputs, scale=1.0):
        return paddle.tanh(self.linear(inputs)) * scale


def test_the_members_of_a_list_are_named():
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(Block(), Block(), Block(), Block()))
    assert recompute_blocks(model, "net.py") == (
        "recompute is applied to 4 blocks of class Block: 1.0, 1.1, ..., 1.3"
    )


@pytest.mark.parametrize(
    "model",
    [
        nn.Linear(4, 4),
        nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)),  # one kernel each: nothing to save
        nn.Sequential(Block(), nn.Linear(4, 4)),
        nn.Sequential(nn.Sequential(Block())),
    ],
)
def test_without_repeated_blocks_there_is_nothing_to_recompute(model):
    with pytest.raises(BadInput, match="no repeated blocks to recompute") as caught:
        recompute_blocks(model, "net.py")
    assert caught.value.where == "net.py"


def gradients(model):
    model(paddle.ones([2, 4]), scale=2.0).sum().backward()
    return [parameter.grad.numpy() for parameter in model.parameters()]


class Net(nn.Layer):
    """The first block's input has no gradient, as a data layer's output has none."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.LayerList([Block(), Block()])

    def forward(self, inputs, scale):
        for block in self.blocks:
            inputs = block(inputs, scale=scale)
        return inputs


def test_gradients_are_the_same_in_every_block():
    model = Net()
    plain = gradients(model)
    model.clear_gradients()
    recompute_blocks(model, "net.py")
    for one, other in zip(plain, gradients(model), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_evaluation_is_left_alone():
    model = Net()
    recompute_blocks(model, "net.py")
    model.eval()
    with paddle.no_grad():
        assert model(paddle.ones([2, 4]), scale=1.0).stop_gradient
