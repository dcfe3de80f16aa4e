"""Pretraining of a decoder with Fleet: LLaMA 7B or GPT3 6.7B, on as many GPUs as the degrees say.

    paddle-estimate run --gpus 8 --gpu A100-80G -- python notebooks/models/decoder_fleet.py \
        model=llama sharding=8 stage=2 batch=4 accumulate=2

tp, pp, sharding: degrees of tensor, pipeline and sharding parallel; stage: of sharding. batch:
samples of a micro-batch; accumulate: micro-batches of a step. recompute: whole layers; fused: norms
of one kernel. layers, hidden, heads, length, words: for a smaller one of the same shape. Data is
random.
"""

import sys

import numpy as np
import paddle
from paddle import nn
from paddle.distributed import fleet
from paddle.distributed.fleet.meta_parallel import (
    ColumnParallelLinear,
    LayerDesc,
    ParallelCrossEntropy,
    PipelineLayer,
    RowParallelLinear,
    VocabParallelEmbedding,
)
from paddle.distributed.fleet.utils import recompute
from paddle.distributed.sharding import group_sharded_parallel
from paddle.incubate.nn import functional as fused_ops
from paddle.nn import functional as F

said = {"model": "llama", "tp": 1, "pp": 1, "sharding": 1, "stage": 1, "batch": 1, "accumulate": 1}
said |= {"recompute": 0, "fused": 1, "layers": 32, "hidden": 4096, "heads": 32, "length": 2048}
said |= dict(word.split("=") for word in sys.argv[1:])
said = {name: int(value) if name != "model" else value for name, value in said.items()}
IS_LLAMA = said["model"] == "llama"
HIDDEN, LENGTH = said["hidden"], said["length"]
WORDS = int(said.get("words", 32000 if IS_LLAMA else 50304))
DROPOUT = 0.1  # of GPT alone


class RMSNorm(nn.Layer):
    def __init__(self):
        super().__init__()
        self.weight = self.create_parameter(
            [HIDDEN], default_initializer=nn.initializer.Constant(1.0)
        )

    def forward(self, x):
        if said["fused"]:
            return fused_ops.fused_rms_norm(x, self.weight, None, 1e-6, x.ndim - 1)[0]
        with paddle.amp.auto_cast(False):
            wide = x.astype("float32")
            x = paddle.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-6) * wide
        return x.astype(self.weight.dtype) * self.weight


def norm():
    return RMSNorm() if IS_LLAMA else nn.LayerNorm(HIDDEN)


def column(wide):
    return ColumnParallelLinear(HIDDEN, wide, has_bias=not IS_LLAMA, gather_output=False)


def row(wide):
    return RowParallelLinear(wide, HIDDEN, has_bias=not IS_LLAMA, input_is_parallel=True)


def turned(x):
    low, high = x.chunk(2, axis=-1)
    return paddle.concat([-high, low], axis=-1)


def with_places(query, key):
    """Rotary position embedding, of tensors [batch, length, heads, size]."""
    size = query.shape[-1]
    rate = 10000.0 ** (-paddle.arange(0, size, 2, dtype="float32") / size)
    angle = paddle.arange(LENGTH, dtype="float32").unsqueeze(-1) * rate
    angle = paddle.concat([angle, angle], axis=-1)[None, :, None, :]
    cos, sin = angle.cos().astype(query.dtype), angle.sin().astype(query.dtype)
    cos.stop_gradient = sin.stop_gradient = (
        True  # said so, what they are multiplied with is not kept
    )
    return query * cos + turned(query) * sin, key * cos + turned(key) * sin


class Attention(nn.Layer):
    def __init__(self):
        super().__init__()
        self.heads = said["heads"] // said["tp"]
        self.query, self.key, self.value = column(HIDDEN), column(HIDDEN), column(HIDDEN)
        self.out = row(HIDDEN)

    def forward(self, x):
        shape = [0, 0, self.heads, HIDDEN // said["heads"]]
        query, key, value = (each(x).reshape(shape) for each in (self.query, self.key, self.value))
        if IS_LLAMA:
            query, key = with_places(query, key)
        dropout = 0.0 if IS_LLAMA else DROPOUT
        attention = F.flash_attention.flash_attention
        mixed, _ = attention(query, key, value, dropout=dropout, causal=True)
        return self.out(mixed.reshape([0, 0, -1]))


class LlamaFeedForward(nn.Layer):
    def __init__(self):
        super().__init__()
        inner = -(-HIDDEN * 8 // 3 // 256) * 256  # 11008 at 4096
        self.gate, self.up, self.down = column(inner), column(inner), row(inner)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class GptFeedForward(nn.Layer):
    def __init__(self):
        super().__init__()
        self.up, self.down = column(4 * HIDDEN), row(4 * HIDDEN)

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate=True))


class Block(nn.Layer):
    def __init__(self):
        super().__init__()
        self.norm1, self.attention = norm(), Attention()
        self.norm2 = norm()
        self.feed_forward = LlamaFeedForward() if IS_LLAMA else GptFeedForward()
        self.dropout = nn.Dropout(0.0 if IS_LLAMA else DROPOUT)

    def forward(self, x):
        return recompute(self.inner, x) if said["recompute"] else self.inner(x)

    def inner(self, x):
        x = x + self.added(self.attention(self.norm1(x)))
        return x + self.added(self.feed_forward(self.norm2(x)))

    def added(self, x):
        return x if IS_LLAMA else self.dropout(x)


class Words(nn.Layer):
    def __init__(self):
        super().__init__()
        self.words = VocabParallelEmbedding(WORDS, HIDDEN)
        self.places = None if IS_LLAMA else nn.Embedding(LENGTH, HIDDEN)

    def forward(self, words):
        x = self.words(words)
        if IS_LLAMA:
            return x
        return F.dropout(x + self.places(paddle.arange(words.shape[1])), DROPOUT)


class Head(nn.Layer):
    def __init__(self):
        super().__init__()
        self.norm = norm()
        self.out = ColumnParallelLinear(HIDDEN, WORDS, has_bias=False, gather_output=False)

    def forward(self, x):
        return self.out(self.norm(x))


def loss_of(scores, following):
    loss = ParallelCrossEntropy() if said["tp"] > 1 else nn.CrossEntropyLoss(reduction="none")
    with paddle.amp.auto_cast(False):
        return loss(scores.astype("float32"), following.unsqueeze(-1)).mean()


class Samples(paddle.io.Dataset):
    def __len__(self):
        return 4096

    def __getitem__(self, index):
        words = np.random.default_rng(index).integers(0, WORDS, LENGTH + 1)
        return words[:-1], words[1:]


def built():
    layers = [LayerDesc(Words), *[LayerDesc(Block)] * said["layers"], LayerDesc(Head)]
    if said["pp"] == 1:
        return nn.Sequential(*(each.build_layer() for each in layers))
    topology = fleet.get_hybrid_communicate_group().topology()
    return PipelineLayer(layers, topology=topology, loss_fn=loss_of, seg_method="layer:Block")


AMP = {
    "level": "O2",
    "dtype": "float16",
    # Looking words up is float32 otherwise, and all that is added to the result.
    "custom_white_list": ["lookup_table", "lookup_table_v2"],
    "custom_black_list": ["reduce_sum", "c_softmax_with_cross_entropy"],
}


def started():
    strategy = fleet.DistributedStrategy()
    strategy.hybrid_configs = {
        "dp_degree": 1,
        "mp_degree": said["tp"],
        "pp_degree": said["pp"],
        "sharding_degree": said["sharding"],
    }
    strategy.pipeline_configs = {
        "accumulate_steps": said["accumulate"],
        "micro_batch_size": said["batch"],
    }
    fleet.init(is_collective=True, strategy=strategy)


def wrapped(model, optimizer):
    """Model and optimizer in the way that the degrees ask for."""
    group = fleet.get_hybrid_communicate_group()
    if said["stage"] > 1 and said["sharding"] > 1:
        level = {2: "os_g", 3: "p_g_os"}[said["stage"]]
        sharding = group.get_sharding_parallel_group()
        model, optimizer, _ = group_sharded_parallel(model, optimizer, level, group=sharding)
        return model, optimizer
    return fleet.distributed_model(model), fleet.distributed_optimizer(optimizer)


def main():
    started()
    paddle.set_default_dtype("float16")
    model = built()
    paddle.set_default_dtype("float32")
    clip = nn.ClipGradByGlobalNorm(1.0)
    optimizer = paddle.optimizer.AdamW(
        3e-4,
        beta2=0.95,
        parameters=model.parameters(),
        weight_decay=0.1,
        grad_clip=clip,
        multi_precision=True,
    )
    model, optimizer = paddle.amp.decorate(model, optimizer, level="O2", dtype="float16")
    model, optimizer = wrapped(model, optimizer)
    whole = said["batch"] * said["accumulate"] if said["pp"] > 1 else said["batch"]
    for number, (words, following) in enumerate(paddle.io.DataLoader(Samples(), batch_size=whole)):
        with paddle.amp.auto_cast(**AMP):
            if said["pp"] > 1:
                model.train_batch([words, following], optimizer)
                continue
            loss = loss_of(model(words), following) / said["accumulate"]
        loss.backward()
        if (number + 1) % said["accumulate"] == 0:
            optimizer.step()
            optimizer.clear_grad()


if __name__ == "__main__":
    main()
