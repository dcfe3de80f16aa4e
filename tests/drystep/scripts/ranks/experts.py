"""Experts on several GPUs: two on each, of 32 -> 64 -> 32; each token goes to two of them."""

import sys

import numpy as np
import paddle
from paddle import nn
from paddle.distributed import fleet
from paddle.incubate.distributed.models.moe import MoELayer

said = dict(word.split("=") for word in sys.argv[1:])
strategy = fleet.DistributedStrategy()
strategy.hybrid_configs = {"dp_degree": paddle.distributed.get_world_size()}
fleet.init(is_collective=True, strategy=strategy)
group = fleet.get_hybrid_communicate_group().get_data_parallel_group()


def expert():
    return nn.Sequential(nn.Linear(32, 64), nn.GELU(), nn.Linear(64, 32))


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(100, 32)
        self.experts = MoELayer(
            32,
            nn.LayerList([expert(), expert()]),
            gate={"type": said["gate"], "top_k": 2},
            moe_group=group,
        )

    def forward(self, words):
        return self.experts(self.table(words))


net = Net()
optimizer = paddle.optimizer.SGD(parameters=net.parameters())
for _ in range(3):
    net(paddle.to_tensor(np.ones([4, 16], "int64"))).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
