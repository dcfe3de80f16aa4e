"""python sharded.py os|os_g|p_g_os: without Fleet's own model wrapper."""

import sys

import paddle
from paddle.distributed.sharding import group_sharded_parallel

paddle.distributed.init_parallel_env()
model = paddle.nn.Sequential(*(paddle.nn.Linear(512, 512) for _ in range(4)))
optimizer = paddle.optimizer.AdamW(parameters=model.parameters())
model, optimizer, _ = group_sharded_parallel(model, optimizer, level=sys.argv[1])
for _ in range(9):
    model(paddle.randn([2, 512])).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
