from paddle.distributed.fleet import meta_parallel

net = meta_parallel.ColumnParallelLinear(8, 8, has_bias=False, gather_output=False)
