"""One rank of many, alone: Fleet's strategies by arithmetic, and what its peers would have said."""

from __future__ import annotations

import textwrap

import pytest

from estimator.drystep.cluster import VirtualRank
from tests.drystep.virtual import on_virtual_gpu

MIB = 1 << 20

HEAD = """
    from estimator.drystep.child.collectives import LoneRank
    import paddle.distributed as dist
    from paddle.distributed import fleet
    import os
    lone = LoneRank(Path(os.environ["CUSTOM_DEVICE_ROOT"]) / "libvirtual_gpu.so")
    H = 1024

    def block():
        linear = paddle.nn.Linear
        return paddle.nn.Sequential(linear(H, 4 * H), paddle.nn.ReLU(), linear(4 * H, H))

    def begin(**degrees):
        strategy = fleet.DistributedStrategy()
        alone = dict(dp_degree=1, mp_degree=1, pp_degree=1, sharding_degree=1)
        strategy.hybrid_configs = {**alone, **degrees}
        strategy.pipeline_configs = {"accumulate_steps": 2, "micro_batch_size": 4}
        fleet.init(is_collective=True, strategy=strategy)

    def train(net, optimizer):
        for _ in range(2):
            (net(paddle.randn([8, H])) ** 2).mean().backward()
            optimizer.step()
            optimizer.clear_grad()

    def heard(kind):
        return [c.bytes for c in lone.collectives() if c.kind == kind for _ in range(c.count)]
"""

# Four blocks of two weights of 4 MiElements and biases of 5 Ki: 33.6 M parameters.
PARAMETERS = 4 * (2 * 4 * 1024 * 1024 + 5 * 1024)


PRETEND = """
    from estimator.drystep.child.cuda.pretend import pretend_cuda
    from estimator.drystep.child.resident import peak_resident_bytes
    from estimator.drystep.request import CudaCard
    from paddle.distributed.sharding import group_sharded_parallel
    pretend_cuda(CudaCard("NVIDIA A100-SXM4-80GB", (8, 0), 80 << 30, 108), 8)
    begin(sharding_degree=8)
"""


OWN_COLLECTIVES = {
    "PADDLE_DISTRI_BACKEND": "xccl",
    "PADDLE_XCCL_BACKEND": "virtual_device",
    "FLAGS_selected_virtual_devices": "0",
}
"""What Paddle's launcher sets on a machine of custom devices, where nothing is pretended."""


def on_rank(rank: int, world: int, code: str, pretends: str = "") -> dict[str, object]:
    own = {} if pretends else OWN_COLLECTIVES
    environment = {**VirtualRank(rank, world).environment(), **own}
    program = "".join(map(textwrap.dedent, (HEAD, pretends, code)))
    return on_virtual_gpu(program, environment=environment)


pytestmark = pytest.mark.paddle


def test_ranks_are_numbered_node_by_node() -> None:
    rank = VirtualRank(11, gpus_per_node=8, nodes=2)
    told = rank.environment()
    assert (rank.node, rank.world_size) == (1, 16)
    assert (told["PADDLE_RANK_IN_NODE"], told["PADDLE_TRAINER_ID"]) == ("3", "11")
    assert len(set(told["PADDLE_TRAINER_ENDPOINTS"].split(","))) == 16


@pytest.mark.parametrize(("rank", "gpus", "nodes"), [(8, 8, 1), (-1, 8, 1), (0, 0, 1), (0, 1, 0)])
def test_a_rank_that_is_not_there_is_refused(rank: int, gpus: int, nodes: int) -> None:
    with pytest.raises(ValueError, match="no rank"):
        VirtualRank(rank, gpus, nodes)


def test_data_parallel_exchanges_all_gradients() -> None:
    told = on_rank(
        0,
        8,
        """
        begin(dp_degree=8)
        net = paddle.nn.Sequential(*[block() for _ in range(4)])
        optimizer = fleet.distributed_optimizer(paddle.optimizer.AdamW(parameters=net.parameters()))
        net = fleet.distributed_model(net)
        train(net, optimizer)
        lone.forget()
        with gpu.recording():
            train(net, optimizer)
        result["reduced"] = sum(heard("all_reduce"))
        result["ranks"] = sorted({len(c.ranks) for c in lone.collectives()})
        """,
    )
    # Two steps of float32 gradients.
    assert told["reduced"] == 2 * 4 * PARAMETERS
    assert told["ranks"] == [8]


@pytest.mark.parametrize(
    ("level", "bytes_each"),
    # Parameters, gradients and two moments of 4 bytes: stage 2 keeps whole parameters and an eighth
    # of gradients and moments; stage 3 an eighth of parameters and moments, no gradients.
    [("os_g", 4 + 4 / 8 + 8 / 8), ("p_g_os", 4 / 8 + 8 / 8)],
)
def test_sharding_keeps_its_share(level: str, bytes_each: float) -> None:
    told = on_rank(
        0,
        8,
        f"""
        from paddle.distributed.sharding import group_sharded_parallel
        begin(sharding_degree=8)
        net = paddle.nn.Sequential(*[block() for _ in range(4)])
        optimizer = paddle.optimizer.AdamW(parameters=net.parameters())
        net, optimizer, _ = group_sharded_parallel(net, optimizer, level="{level}")
        train(net, optimizer)
        result["allocated"] = statistics.allocated_bytes()
        """,
    )
    # Biases stay whole below stage 3's segment size, and buffers are aligned: at most 1 MiB more.
    assert bytes_each * PARAMETERS <= told["allocated"] <= bytes_each * PARAMETERS + MIB


@pytest.mark.parametrize("rank", [0, 5])
def test_tensor_parallel_holds_an_eighth(rank: int) -> None:
    told = on_rank(
        rank,
        8,
        """
        from paddle.distributed.fleet.meta_parallel import ColumnParallelLinear, RowParallelLinear
        begin(mp_degree=8)
        class Block(paddle.nn.Layer):
            def __init__(self):
                super().__init__()
                self.up = ColumnParallelLinear(H, 4 * H, gather_output=False, has_bias=True)
                self.down = RowParallelLinear(4 * H, H, input_is_parallel=True, has_bias=True)
            def forward(self, x):
                return self.down(paddle.nn.functional.relu(self.up(x)))
        net = paddle.nn.Sequential(*[Block() for _ in range(4)])
        optimizer = fleet.distributed_optimizer(paddle.optimizer.AdamW(parameters=net.parameters()))
        net = fleet.distributed_model(net)
        train(net, optimizer)
        result["parameters"] = sum(p.size for p in net.parameters())
        result["rank"] = dist.get_rank()
        """,
    )
    # An eighth of the weights and of the first bias; the second bias is whole.
    assert told["parameters"] == 4 * (2 * 4 * 1024 * 1024 // 8 + 4 * 1024 // 8 + 1024)
    assert told["rank"] == rank


PIPELINE = """
    from paddle.distributed.fleet.meta_parallel import LayerDesc, PipelineLayer
    begin(pp_degree=2)
    lone.expect([bytes.fromhex(text) for text in {expected}])
    net = PipelineLayer(
        [LayerDesc(paddle.nn.Linear, H, H) for _ in range(6)],
        num_stages=2,
        loss_fn=paddle.nn.MSELoss(),
    )
    optimizer = fleet.distributed_optimizer(paddle.optimizer.AdamW(parameters=net.parameters()))
    net = fleet.distributed_model(net)
    batch = paddle.randn([8, H])
    with gpu.recording():
        net.train_batch([batch, batch], optimizer)
    result["mail"] = [letter.text for letter in lone.sent()]
    result["parameters"] = sum(p.size for p in net.parameters())
    result["sent"], result["received"] = heard("send"), heard("receive")
"""


def test_a_pipeline_stage_runs_on_what_the_one_before_it_sent() -> None:
    first = on_rank(0, 2, PIPELINE.format(expected=[]))
    last = on_rank(1, 2, PIPELINE.format(expected=first["mail"]))
    # Three of six layers each; the activation of a micro-batch is 4 x 1024 float32.
    activation = 4 * 1024 * 4
    assert first["parameters"] == last["parameters"] == 3 * (1024 * 1024 + 1024)
    for sent, received in ((first, last), (last, first)):
        assert sent["sent"].count(activation) == received["received"].count(activation) == 2


def test_equal_ranks_add_up_small_values() -> None:
    told = on_rank(
        0,
        4,
        """
        dist.init_parallel_env()
        count = paddle.to_tensor([3, 5])
        dist.all_reduce(count)
        most = paddle.to_tensor([2.5])
        dist.all_reduce(most, op=dist.ReduceOp.MAX)
        gathered = []
        dist.all_gather(gathered, paddle.to_tensor([7]))
        objects = []
        dist.all_gather_object(objects, {"loss": 1.5})
        dist.barrier()
        result.update(count=count.tolist(), most=most.tolist(), objects=objects)
        result["gathered"] = [each.item() for each in gathered]
        """,
    )
    assert told["count"] == [12, 20]  # four ranks of 3 and 5
    assert told["most"] == [2.5]
    assert told["gathered"] == [7, 7, 7, 7]
    assert told["objects"] == [{"loss": 1.5}] * 4


def test_tensor_parallel_in_bfloat16() -> None:
    told = on_rank(
        0,
        4,
        """
        from paddle.distributed.fleet.meta_parallel import ColumnParallelLinear
        begin(mp_degree=4)
        net = ColumnParallelLinear(H, 4 * H, has_bias=False, gather_output=False)
        net = paddle.amp.decorate(net, level="O2", dtype="bfloat16")
        x = paddle.full([2, H], 3.0, dtype="bfloat16")
        x.stop_gradient = False
        lone.forget()
        with gpu.recording():
            net(x).sum().backward()
        result["reduced"], result["type"] = heard("all_reduce"), str(x.grad.dtype)
        """,
    )
    # The gradient of 2 x 1024 inputs, of 2 bytes.
    assert told == {"reduced": [2 * 2 * 1024], "type": "paddle.bfloat16"}


@pytest.mark.parametrize(
    ("level", "bytes_each"),
    # As above in bfloat16, 2 bytes, with float32 master weights beside the two moments.
    [("os_g", 2 + 2 / 8 + 12 / 8), ("p_g_os", 2 / 8 + 12 / 8)],
)
def test_sharding_of_large_layers_stays_off_the_host(level: str, bytes_each: float) -> None:
    told = on_rank(
        0,
        8,
        f"""
        net = paddle.nn.Sequential(*[paddle.nn.Linear(1 << 14, 1 << 14) for _ in range(8)])
        optimizer = paddle.optimizer.AdamW(parameters=net.parameters())
        net, optimizer = paddle.amp.decorate(net, optimizer, level="O2", dtype="bfloat16")
        before = peak_resident_bytes()
        net, optimizer, _ = group_sharded_parallel(net, optimizer, level="{level}")
        for _ in range(2):
            net(paddle.randn([8, 1 << 14]).astype("bfloat16")).mean().backward()
            optimizer.step()
            optimizer.clear_grad()
        result["allocated"] = statistics.allocated_bytes()
        result["host"] = peak_resident_bytes() - before
        """,
        PRETEND,
    )
    parameters = 8 * ((1 << 28) + (1 << 14))
    # Stage 2 deals whole layers out, one to a rank; it has a bucket of 2^23 gradients for each.
    buckets = 8 * 16 * MIB
    assert bytes_each * parameters <= told["allocated"] <= bytes_each * parameters + buckets
    # A layer is 512 MiB in bfloat16.
    assert told["host"] < 256 * MIB


def test_stage_1_clips_bfloat16_as_on_cuda() -> None:
    told = on_rank(
        0,
        8,
        """
        net = paddle.nn.Sequential(*[block() for _ in range(4)])
        clip = paddle.nn.ClipGradByGlobalNorm(1.0)
        optimizer = paddle.optimizer.AdamW(parameters=net.parameters(), grad_clip=clip)
        net, optimizer = paddle.amp.decorate(net, optimizer, level="O2", dtype="bfloat16")
        net, optimizer = fleet.distributed_model(net), fleet.distributed_optimizer(optimizer)
        with gpu.recording():
            net(paddle.randn([8, H]).astype("bfloat16")).mean().backward()
            optimizer.step()
        result["sent"] = sum(heard("broadcast"))
        """,
        PRETEND,
    )
    # Every rank's updated parameters go to all others.
    assert told["sent"] == 2 * PARAMETERS


def test_what_is_added_to_zeros_by_a_null_kernel_is_not_zero_for_sure() -> None:
    """Else whole gradients would be scaled and squared on the host, block by block."""
    told = on_virtual_gpu("""
        weight = paddle.create_parameter([4096, 4096], "float32")
        zeros = paddle.zeros([4096 * 4096])
        view = zeros._slice(0, 4096 * 4096)
        view.get_tensor()._set_dims([4096, 4096])
        weight._copy_gradient_from(view)
        paddle.matmul(paddle.ones([512, 4096]), weight).mean().backward()
        result["shared"] = weight.grad.data_ptr() == zeros.data_ptr()
        counter = paddle.ones([1])
        counter.add_(paddle.ones([1]))
        result["counter"] = counter.item()
        of_both = (zeros[:1024 * 1024], paddle.zeros([1024 * 1024]))
        result["ones"] = [tensor.exp().max().item() for tensor in of_both]
    """)
    assert told["shared"] is True
    assert told["counter"] == 2.0
    # exp(0) where it is known to be 0; of a sum that nobody computed a null kernel makes nothing.
    assert told["ones"] == [0.0, 1.0]
