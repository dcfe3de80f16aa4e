"""GPT as PaddleFleetX' single-card configurations state it: 345M by default, 1.3B with options.

Vocabulary 50304, 1024 tokens, hidden dropout and attention dropout 0.1, the mask fused with the
softmax, AdamW with clipping by the global norm; recompute of whole layers where ``redo`` is set.
"""

import paddle
from paddle import nn
from paddle.distributed.fleet.utils import recompute
from paddle.nn import functional as F

VOCABULARY, LENGTH, DROPOUT = 50304, 1024, 0.1


class Block(nn.Layer):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(hidden), nn.LayerNorm(hidden)
        self.qkv, self.out = nn.Linear(hidden, 3 * hidden), nn.Linear(hidden, hidden)
        self.up, self.down = nn.Linear(hidden, 4 * hidden), nn.Linear(4 * hidden, hidden)

    def forward(self, x):
        x = x + F.dropout(self.out(self.mixed(self.norm1(x))), DROPOUT)
        return x + F.dropout(self.down(F.gelu(self.up(self.norm2(x)), True)), DROPOUT)

    def mixed(self, x):
        batch, length, hidden = x.shape
        parts = self.qkv(x).reshape([batch, length, self.heads, -1]).transpose([0, 2, 1, 3])
        query, key, value = parts.split(3, axis=-1)
        scores = paddle.matmul(query * query.shape[-1] ** -0.5, key, transpose_y=True)
        weights = F.dropout(paddle.incubate.softmax_mask_fuse_upper_triangle(scores), DROPOUT)
        return (
            paddle.matmul(weights, value).transpose([0, 2, 1, 3]).reshape([batch, length, hidden])
        )


class GPT(nn.Layer):
    def __init__(self, layers, hidden, heads, redo):
        super().__init__()
        self.words, self.places = nn.Embedding(VOCABULARY, hidden), nn.Embedding(LENGTH, hidden)
        self.blocks = nn.LayerList([Block(hidden, heads) for _ in range(layers)])
        self.norm, self.redo = nn.LayerNorm(hidden), redo

    def forward(self, words):
        x = F.dropout(self.words(words) + self.places(paddle.arange(words.shape[1])), DROPOUT)
        for block in self.blocks:
            x = recompute(block, x) if self.redo else block(x)
        return paddle.matmul(self.norm(x), self.words.weight, transpose_y=True)


def build_model(layers=24, hidden=1024, heads=16, redo=False):
    return GPT(layers, hidden, heads, redo)


def example_batch(batch_size):
    words = paddle.randint(0, VOCABULARY, [batch_size, LENGTH + 1])
    return words[:, :-1], words[:, 1:]


def loss_fn(outputs, labels):
    return F.cross_entropy(outputs.astype("float32"), labels.unsqueeze(-1))


def build_optimizer(parameters):
    clip = nn.ClipGradByGlobalNorm(1.0)
    return paddle.optimizer.AdamW(1e-4, parameters=parameters, weight_decay=0.01, grad_clip=clip)
