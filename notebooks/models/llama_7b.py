"""A decoder of 6.7 billion parameters in the shape of LLaMA 7B, and any smaller one.

paddle-estimate notebooks/models/llama_7b.py --amp O2 --amp-dtype bfloat16
paddle-estimate notebooks/models/llama_7b.py -o layers=8 hidden=2048 length=1024
paddle-estimate notebooks/models/llama_7b.py --amp O2 --amp-dtype bfloat16 -o flash=1 fused=1

flash: attention that keeps no scores, called by name instead of chosen by Paddle.
fused: norm, rotary embedding and gate as one kernel each.
"""

import paddle
from paddle import nn
from paddle.distributed.fleet.utils import recompute
from paddle.incubate.nn import functional as fused_ops
from paddle.nn import functional as F

VOCABULARY = 32000


class RMSNorm(nn.Layer):
    def __init__(self, hidden, fused=False):
        super().__init__()
        self.fused = fused
        self.weight = self.create_parameter(
            [hidden], default_initializer=nn.initializer.Constant(1.0)
        )

    def forward(self, x):
        if self.fused:
            return fused_ops.fused_rms_norm(x, self.weight, None, 1e-5, x.ndim - 1)[0]
        scale = paddle.rsqrt(x.astype("float32").square().mean(-1, keepdim=True) + 1e-5)
        return (x * scale.astype(x.dtype)) * self.weight


def rotated(x):
    """Rotary position embedding of ``x`` [batch, length, heads, size]."""
    length, half = x.shape[1], x.shape[-1] // 2
    rate = 10000.0 ** (-paddle.arange(half, dtype="float32") / half)
    angle = (paddle.arange(length, dtype="float32").unsqueeze(-1) * rate)[None, :, None, :]
    sin, cos = angle.sin().astype(x.dtype), angle.cos().astype(x.dtype)
    low, high = x.chunk(2, axis=-1)
    return paddle.concat([low * cos - high * sin, high * cos + low * sin], axis=-1)


class Attention(nn.Layer):
    def __init__(self, hidden, heads, flash=False, fused=False):
        super().__init__()
        self.heads, self.flash, self.fused = heads, flash, fused
        self.qkv = nn.Linear(hidden, 3 * hidden, bias_attr=False)
        self.out = nn.Linear(hidden, hidden, bias_attr=False)

    def forward(self, x):
        batch, length, hidden = x.shape
        parts = self.qkv(x).reshape([batch, length, 3, self.heads, -1])
        query, key, value = parts.unbind(axis=2)
        if self.fused:
            query, key, _ = fused_ops.fused_rotary_position_embedding(query, key)
        else:
            query, key = rotated(query), rotated(key)
        return self.out(self.mixed(query, key, value).reshape([batch, length, hidden]))

    def mixed(self, query, key, value):
        if self.flash:
            return F.flash_attention.flash_attention(query, key, value, causal=True)[0]
        return F.scaled_dot_product_attention(
            query, key, value, is_causal=True, training=self.training
        )


class FeedForward(nn.Layer):
    def __init__(self, hidden, fused=False):
        super().__init__()
        self.fused = fused
        inner = -(-hidden * 8 // 3 // 256) * 256  # 11008 at 4096
        self.gate = nn.Linear(hidden, inner, bias_attr=False)
        self.up = nn.Linear(hidden, inner, bias_attr=False)
        self.down = nn.Linear(inner, hidden, bias_attr=False)

    def forward(self, x):
        if self.fused:
            return self.down(fused_ops.swiglu(self.gate(x), self.up(x)))
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Layer):
    def __init__(self, hidden, heads, flash=False, fused=False):
        super().__init__()
        self.norm1 = RMSNorm(hidden, fused)
        self.attention = Attention(hidden, heads, flash, fused)
        self.norm2 = RMSNorm(hidden, fused)
        self.feed_forward = FeedForward(hidden, fused)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class Decoder(nn.Layer):
    def __init__(self, blocks, hidden, recompute, fused):
        super().__init__()
        self.words = nn.Embedding(VOCABULARY, hidden)
        self.blocks = nn.LayerList(blocks)
        self.norm = RMSNorm(hidden, fused)
        self.head = nn.Linear(hidden, VOCABULARY, bias_attr=False)
        self.recompute = recompute

    def forward(self, words):
        x = self.words(words)
        for block in self.blocks:
            x = recompute(block, x) if self.recompute else block(x)
        return self.head(self.norm(x))


def build_model(layers=32, hidden=4096, heads=32, recompute=False, flash=False, fused=False):  # noqa: PLR0913
    blocks = [Block(hidden, heads, flash, fused) for _ in range(layers)]
    return Decoder(blocks, hidden, recompute, fused)


def example_batch(batch_size, length=2048):
    words = paddle.randint(0, VOCABULARY, [batch_size, length + 1])
    return words[:, :-1], words[:, 1:]


def loss_fn(outputs, labels):
    return F.cross_entropy(outputs.astype("float32"), labels.unsqueeze(-1))


def build_optimizer(parameters):
    return paddle.optimizer.AdamW(
        3e-4,
        beta2=0.95,
        parameters=parameters,
        weight_decay=0.1,
        grad_clip=nn.ClipGradByGlobalNorm(1.0),
    )


def main(steps=2, batch_size=1):
    """A small one of the same shape, with plain Paddle."""
    model = build_model(layers=2, hidden=128, heads=4)
    optimizer = build_optimizer(model.parameters())
    for _ in range(steps):
        words, following = example_batch(batch_size, length=64)
        loss = loss_fn(model(words), following)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        print(float(loss))


if __name__ == "__main__":
    main()
