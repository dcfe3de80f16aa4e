"""A LLaMA that offers tensor and pipeline parallel, as a model file and as the script to train it.

paddle-estimate notebooks/models/llama_parallel.py --amp O2 --amp-dtype bfloat16 \
    --gpu A100-40G --search
python -m paddle.distributed.launch --gpus 0,1,2,3,4,5,6,7 notebooks/models/llama_parallel.py \
    tensor_parallel_degree=2 pipeline_parallel_degree=2 micro_batches=4 batch=4

The layers of `build_model(tensor_parallel_degree=2)` hold a half of their weights each, and of
`build_model(pipeline_parallel_degree=2)` each rank makes a half. Fleet has to be initialised
before. The script takes all degrees, batch, micro_batches, length, steps and the model's sizes.
"""

import sys
from functools import partial

import paddle
from paddle import nn
from paddle.distributed import fleet
from paddle.distributed.fleet import meta_parallel as split
from paddle.nn import functional as F

VOCABULARY = 32000


class RMSNorm(nn.Layer):
    def __init__(self, hidden):
        super().__init__()
        self.weight = self.create_parameter(
            [hidden], default_initializer=nn.initializer.Constant(1.0)
        )

    def forward(self, x):
        scale = paddle.rsqrt(x.astype("float32").square().mean(-1, keepdim=True) + 1e-5)
        return (x * scale.astype(x.dtype)) * self.weight


def column(inputs, outputs, degree):
    """A linear layer of which each GPU has some of the outputs."""
    if degree == 1:
        return nn.Linear(inputs, outputs, bias_attr=False)
    return split.ColumnParallelLinear(inputs, outputs, has_bias=False, gather_output=False)


def row(inputs, outputs, degree):
    """A linear layer of which each GPU has some of the inputs; the outputs are summed."""
    if degree == 1:
        return nn.Linear(inputs, outputs, bias_attr=False)
    return split.RowParallelLinear(inputs, outputs, has_bias=False, input_is_parallel=True)


def rotated(x):
    """Rotary position embedding of ``x`` [batch, length, heads, size]."""
    length, half = x.shape[1], x.shape[-1] // 2
    rate = 10000.0 ** (-paddle.arange(half, dtype="float32") / half)
    angle = (paddle.arange(length, dtype="float32").unsqueeze(-1) * rate)[None, :, None, :]
    sin, cos = angle.sin().astype(x.dtype), angle.cos().astype(x.dtype)
    low, high = x.chunk(2, axis=-1)
    return paddle.concat([low * cos - high * sin, high * cos + low * sin], axis=-1)


class Attention(nn.Layer):
    def __init__(self, hidden, heads, degree):
        super().__init__()
        if heads % degree:
            raise ValueError(f"{heads} heads cannot be shared by {degree} GPUs")
        self.heads = heads // degree
        self.query = column(hidden, hidden, degree)
        self.key = column(hidden, hidden, degree)
        self.value = column(hidden, hidden, degree)
        self.out = row(hidden, hidden, degree)

    def forward(self, x):
        parts = (self.query(x), self.key(x), self.value(x))
        query, key, value = (part.reshape([0, 0, self.heads, -1]) for part in parts)
        mixed = F.scaled_dot_product_attention(
            rotated(query), rotated(key), value, is_causal=True, training=self.training
        )
        return self.out(mixed.reshape([0, 0, -1]))


class FeedForward(nn.Layer):
    def __init__(self, hidden, degree):
        super().__init__()
        inner = -(-hidden * 8 // 3 // 256) * 256  # 11008 at 4096
        self.gate, self.up = column(hidden, inner, degree), column(hidden, inner, degree)
        self.down = row(inner, hidden, degree)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Layer):
    def __init__(self, hidden, heads, degree):
        super().__init__()
        self.norm1, self.attention = RMSNorm(hidden), Attention(hidden, heads, degree)
        self.norm2, self.feed_forward = RMSNorm(hidden), FeedForward(hidden, degree)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class Words(nn.Layer):
    def __init__(self, hidden, degree):
        super().__init__()
        embedding = nn.Embedding if degree == 1 else split.VocabParallelEmbedding
        self.words = embedding(VOCABULARY, hidden)

    def forward(self, words):
        return self.words(words)


class Head(nn.Layer):
    def __init__(self, hidden, degree):
        super().__init__()
        self.norm, self.out = RMSNorm(hidden), column(hidden, VOCABULARY, degree)

    def forward(self, x):
        return self.out(self.norm(x))


class Decoder(nn.Layer):
    def __init__(self, words, blocks, head):
        super().__init__()
        self.words, self.blocks, self.head = words, nn.LayerList(blocks), head

    def forward(self, words):
        x = self.words(words)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


def build_model(
    tensor_parallel_degree=1, pipeline_parallel_degree=1, layers=32, hidden=4096, heads=32
):
    degree = tensor_parallel_degree
    if pipeline_parallel_degree > 1:
        return pipeline(layers, hidden, heads, degree)
    blocks = [Block(hidden, heads, degree) for _ in range(layers)]
    return Decoder(Words(hidden, degree), blocks, Head(hidden, degree))


def pipeline(layers, hidden, heads, degree):
    """The stage of this rank: the words with the first blocks, the last ones with the head."""
    layer = split.LayerDesc
    words, head = layer(Words, hidden, degree), layer(Head, hidden, degree)
    return split.PipelineLayer(
        [words, *[layer(Block, hidden, heads, degree)] * layers, head],
        topology=fleet.get_hybrid_communicate_group().topology(),
        loss_fn=partial(loss_fn, tensor_parallel_degree=degree),
        seg_method="layer:Block",
    )


def example_batch(batch_size, length=2048):
    words = paddle.randint(0, VOCABULARY, [batch_size, length + 1])
    return words[:, :-1].contiguous(), words[:, 1:].contiguous()  # Fleet sends no views


def loss_fn(outputs, labels, tensor_parallel_degree=1):
    """Of scores that are split over the vocabulary where the degree is above 1."""
    scores = outputs.astype("float32")
    if tensor_parallel_degree == 1:
        return F.cross_entropy(scores, labels.unsqueeze(-1))
    return split.ParallelCrossEntropy()(scores, labels.unsqueeze(-1)).mean()


def build_optimizer(parameters):
    return paddle.optimizer.AdamW(
        3e-4,
        beta2=0.95,
        parameters=parameters,
        weight_decay=0.1,
        grad_clip=nn.ClipGradByGlobalNorm(1.0),
    )


def start(
    tensor_parallel_degree, pipeline_parallel_degree, sharding_degree, samples, micro_batches
):
    split_among = tensor_parallel_degree * pipeline_parallel_degree
    copies = paddle.distributed.get_world_size() // split_among
    strategy = fleet.DistributedStrategy()
    strategy.hybrid_configs = {
        "dp_degree": copies // sharding_degree,
        "mp_degree": tensor_parallel_degree,
        "pp_degree": pipeline_parallel_degree,
        "sharding_degree": sharding_degree,
    }
    strategy.pipeline_configs = {
        "accumulate_steps": micro_batches,
        "micro_batch_size": samples // micro_batches,
    }
    fleet.init(is_collective=True, strategy=strategy)


def trained(model, batch, optimizer, degree):
    """The loss of a step."""
    outputs = model(batch[0])
    loss = loss_fn(outputs, batch[1], degree)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return loss


def main(  # noqa: PLR0913
    tensor_parallel_degree=1,
    pipeline_parallel_degree=1,
    sharding_degree=1,
    batch=1,
    micro_batches=1,
    length=2048,
    steps=3,
    **sizes,
):
    degrees = tensor_parallel_degree, pipeline_parallel_degree
    start(*degrees, sharding_degree, batch, micro_batches)
    model = build_model(*degrees, **sizes)
    optimizer = build_optimizer(model.parameters())
    model, optimizer = paddle.amp.decorate(model, optimizer, level="O2", dtype="bfloat16")
    model, optimizer = fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)
    for _ in range(steps):
        data = example_batch(batch, length)
        with paddle.amp.auto_cast(level="O2", dtype="bfloat16"):
            if pipeline_parallel_degree > 1:
                loss = model.train_batch(data, optimizer)
            else:
                loss = trained(model, data, optimizer, tensor_parallel_degree)
        print(loss)
        del loss  # it would hold its memory into the next step


if __name__ == "__main__":
    main(**{name: int(value) for name, _, value in (word.partition("=") for word in sys.argv[1:])})
