"""Sequence parallel beside tensor parallel, as PaddleNLP does it."""

import paddle
from paddle import nn
from paddle.distributed import fleet
from paddle.distributed.fleet.utils.sequence_parallel_utils import (
    ColumnSequenceParallelLinear,
    GatherOp,
    RowSequenceParallelLinear,
    ScatterOp,
    mark_as_sequence_parallel_parameter,
    register_sequence_parallel_allreduce_hooks,
)

LENGTH, BATCH, HIDDEN, INNER = 32, 2, 64, 256


class Block(nn.Layer):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.up = ColumnSequenceParallelLinear(
            HIDDEN, 4 * HIDDEN, gather_output=False, has_bias=True
        )
        self.down = RowSequenceParallelLinear(
            4 * HIDDEN, HIDDEN, input_is_parallel=True, has_bias=True
        )
        for parameter in self.norm.parameters():
            mark_as_sequence_parallel_parameter(parameter)

    def forward(self, x):
        return x + self.down(nn.functional.gelu(self.up(self.norm(x))))


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = nn.LayerList([Block() for _ in range(2)])

    def forward(self, x):
        x = ScatterOp.apply(x)
        for block in self.blocks:
            x = block(x)
        return GatherOp.apply(x)


strategy = fleet.DistributedStrategy()
strategy.hybrid_configs = {"dp_degree": 1, "mp_degree": 4, "pp_degree": 1, "sharding_degree": 1}
fleet.init(is_collective=True, strategy=strategy)
model = Net()
register_sequence_parallel_allreduce_hooks(model, 1, False)
optimizer = paddle.optimizer.AdamW(parameters=model.parameters())
model, optimizer = fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)
for _ in range(6):
    x = paddle.randn([LENGTH, BATCH, HIDDEN])
    model(x).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
