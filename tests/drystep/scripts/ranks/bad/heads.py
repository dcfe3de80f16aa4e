from paddle.distributed import fleet

strategy = fleet.DistributedStrategy()
strategy.hybrid_configs = {"dp_degree": 1, "mp_degree": 3, "pp_degree": 1}
fleet.init(is_collective=True, strategy=strategy)
heads = 8
fleet.meta_parallel.ColumnParallelLinear(64, heads * 10, gather_output=False)
