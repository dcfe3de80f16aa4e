"""python merged.py no_sync|strategy: gradients of four batches for an update."""

import sys

import paddle
from paddle.distributed import fleet

strategy = fleet.DistributedStrategy()
strategy.hybrid_configs = {"dp_degree": 4, "mp_degree": 1, "pp_degree": 1, "sharding_degree": 1}
if sys.argv[1] == "strategy":
    strategy.gradient_merge = True
    strategy.gradient_merge_configs = {"k_steps": 4, "avg": True}
fleet.init(is_collective=True, strategy=strategy)
model = paddle.nn.Linear(64, 64)
optimizer = fleet.distributed_optimizer(paddle.optimizer.AdamW(parameters=model.parameters()))
model = fleet.distributed_model(model)
for step in range(1, 25):
    last = step % 4 == 0 or sys.argv[1] == "strategy"
    batch = paddle.randn([2, 64])
    if last:
        model(batch).mean().backward()
        optimizer.step()
        optimizer.clear_grad()
    else:
        with model.no_sync():
            model(batch).mean().backward()
