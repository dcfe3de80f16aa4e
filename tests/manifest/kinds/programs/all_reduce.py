"""What each node of the test runs: an all-reduce over all nodes, on the CPU."""

import paddle
import paddle.distributed as dist

dist.init_parallel_env()
mine = paddle.to_tensor([float(dist.get_rank() + 1)])
dist.all_reduce(mine)
print(f"rank {dist.get_rank()} of {dist.get_world_size()}: sum {mine.item():.0f}", flush=True)
