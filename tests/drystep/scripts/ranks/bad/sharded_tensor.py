import paddle
import paddle.distributed as dist

mesh = dist.ProcessMesh([0, 1], dim_names=["x"])
dist.init_parallel_env()
layer = paddle.nn.Linear(64, 64)
layer.weight = dist.shard_tensor(layer.weight, mesh, [dist.Shard(1)], stop_gradient=False)
layer.bias = dist.shard_tensor(layer.bias, mesh, [dist.Replicate()], stop_gradient=False)
opt = paddle.optimizer.AdamW(parameters=layer.parameters())
for _ in range(9):
    x = dist.shard_tensor(paddle.randn([2, 64]), mesh, [dist.Replicate()])
    layer(x).mean().backward()
    opt.step()
    opt.clear_grad()
