"""Text and speech: transformers, recurrent networks, CTC."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import paddle
from paddle import nn
from paddle.nn import functional as F

from tests.accuracy.models.task import (
    Case,
    Task,
    adam,
    adamw,
    cross_entropy,
    sgd,
    supervised,
    tokens,
)

VOCABULARY = 2000
LENGTH = 64
WIDTH = 128


def _next_word(outputs: Any, labels: Any) -> Any:
    return F.cross_entropy(outputs.reshape([-1, outputs.shape[-1]]), labels.reshape([-1]))


def _words(batch_size: int, length: int = LENGTH) -> Any:
    return paddle.randint(1, VOCABULARY, [batch_size, length])


class Translator(nn.Layer):
    """nn.Transformer with source and target embeddings and a causal target mask."""

    def __init__(self) -> None:
        super().__init__()
        self.source = nn.Embedding(VOCABULARY, WIDTH)
        self.target = nn.Embedding(VOCABULARY, WIDTH)
        self.transformer = nn.Transformer(WIDTH, 4, 2, 2, WIDTH * 4, dropout=0.1)
        self.head = nn.Linear(WIDTH, VOCABULARY)

    def forward(self, source: Any, target: Any) -> Any:
        mask = self.transformer.generate_square_subsequent_mask(target.shape[1])
        hidden = self.transformer(self.source(source), self.target(target), tgt_mask=mask)
        return self.head(hidden)


def _translator() -> Task:
    model = Translator()
    schedule = paddle.optimizer.lr.NoamDecay(WIDTH, 4000)
    optimizer = paddle.optimizer.Adam(schedule, parameters=model.parameters())

    def make_batch(batch_size: int) -> Any:
        return (_words(batch_size), _words(batch_size)), _words(batch_size)

    return supervised(model, make_batch, _next_word, optimizer)


class Bert(nn.Layer):
    """Encoder with word, position and segment embeddings, a padding mask and a pooler."""

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH, padding_idx=0)
        self.position = nn.Embedding(512, WIDTH)
        self.segment = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, 4, WIDTH * 4, dropout=0.1, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 3)
        self.pooler = nn.Linear(WIDTH, WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, words: Any) -> Any:
        padding = (words == 0).astype("float32").unsqueeze([1, 2]) * -1e4
        places = paddle.cumsum(paddle.ones_like(words), axis=-1) - 1
        x = self.word(words) + self.position(places) + self.segment(paddle.zeros_like(words))
        x = self.encoder(F.dropout(self.norm(x), 0.1), padding)
        return self.head(F.tanh(self.pooler(x[:, 0])))


def _bert() -> Task:
    model = Bert()
    decayed = {p.name for n, p in model.named_parameters() if "norm" not in n and "bias" not in n}
    optimizer = adamw(
        model,
        weight_decay=0.01,
        apply_decay_param_fun=lambda name: name in decayed,
        grad_clip=nn.ClipGradByGlobalNorm(1.0),
    )
    return supervised(model, tokens(LENGTH, VOCABULARY, 10), cross_entropy, optimizer)


class DecoderBlock(nn.Layer):
    """Pre-norm attention with one projection for query, key and value, and an MLP."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, width * 3), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, width * 4), nn.GELU(), nn.Linear(width * 4, width)
        )

    def attention(self, x: Any) -> Any:
        b, s, w = x.shape
        q, k, v = self.qkv(x).reshape([b, s, 3, self.heads, -1]).transpose([2, 0, 3, 1, 4])
        score = paddle.matmul(q, k, transpose_y=True) * (w // self.heads) ** -0.5
        score = score + paddle.triu(paddle.full([s, s], -1e4), 1)
        mixed = paddle.matmul(F.softmax(score), v)
        return self.out(mixed.transpose([0, 2, 1, 3]).reshape([b, s, w]))

    def forward(self, x: Any) -> Any:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Decoder(nn.Layer):
    """GPT: tied embedding, learned positions, ``recompute`` of every block on demand."""

    def __init__(self, depth: int = 3, recompute: bool = False) -> None:
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.LayerList([DecoderBlock(WIDTH, 4) for _ in range(depth)])
        self.norm = nn.LayerNorm(WIDTH)
        self.recompute = recompute

    def forward(self, words: Any) -> Any:
        x = self.word(words) + self.position(paddle.arange(words.shape[1]))
        for block in self.blocks:
            x = paddle.distributed.fleet.utils.recompute(block, x) if self.recompute else block(x)
        return paddle.matmul(self.norm(x), self.word.weight, transpose_y=True)


def _decoder(recompute: bool, optimizer: Callable[[Any], Any]) -> Callable[[], Task]:
    def build() -> Task:
        model = Decoder(recompute=recompute)

        def make_batch(batch_size: int) -> Any:
            return _words(batch_size), _words(batch_size)

        return supervised(model, make_batch, _next_word, optimizer(model))

    return build


def _accumulated() -> Task:
    """One update after four micro-batches."""
    model = Decoder(depth=2)
    optimizer = adamw(model)

    def make_batch(batch_size: int) -> Any:
        return [(_words(batch_size), _words(batch_size)) for _ in range(4)]

    def step(batch: Any) -> None:
        for words, labels in batch:
            (_next_word(model(words), labels) / 4).backward()
        optimizer.step()
        optimizer.clear_grad()

    return Task(model, optimizer, make_batch, step)


class Recurrent(nn.Layer):
    """Embedding, a recurrent layer, and a classifier on the last state."""

    def __init__(self, make_layer: Callable[..., Any], **options: Any) -> None:
        super().__init__()
        self.word = nn.Embedding(VOCABULARY, WIDTH)
        self.layer = make_layer(WIDTH, WIDTH, **options)
        self.head = nn.Linear(self.features(options), 10)

    @staticmethod
    def features(options: dict[str, Any]) -> int:
        return WIDTH * (2 if options.get("direction") == "bidirect" else 1)

    def forward(self, words: Any) -> Any:
        outputs, _ = self.layer(self.word(words))
        return self.head(outputs[:, -1])


def _recurrent(
    make_layer: Callable[..., Any], optimizer: Callable[[Any], Any], **options: Any
) -> Callable[[], Task]:
    def build() -> Task:
        model = Recurrent(make_layer, **options)
        return supervised(model, tokens(LENGTH, VOCABULARY, 10), cross_entropy, optimizer(model))

    return build


class TextRecognizer(nn.Layer):
    """CRNN: convolutions down to height one, a bidirectional LSTM, CTC."""

    def __init__(self, characters: int = 37) -> None:
        super().__init__()
        widths = (1, 32, 64, 128)
        self.features = nn.Sequential(
            *(
                nn.Sequential(
                    nn.Conv2D(a, b, 3, padding=1), nn.BatchNorm2D(b), nn.ReLU(), nn.MaxPool2D(2)
                )
                for a, b in pairwise(widths)
            ),
            nn.AdaptiveAvgPool2D((1, None)),
        )
        self.rnn = nn.LSTM(128, 96, num_layers=2, direction="bidirect")
        self.head = nn.Linear(192, characters)

    def forward(self, pictures: Any) -> Any:
        x = self.features(pictures).squeeze(2).transpose([0, 2, 1])
        return self.head(self.rnn(x)[0]).transpose([1, 0, 2])


def _ctc(outputs: Any, labels: Any) -> Any:
    steps, batch_size = outputs.shape[:2]
    return F.ctc_loss(
        outputs,
        labels,
        paddle.full([batch_size], steps, "int64"),
        paddle.full([batch_size], labels.shape[1], "int64"),
    )


def _recognizer() -> Task:
    model = TextRecognizer()

    def make_batch(batch_size: int) -> Any:
        labels = paddle.randint(1, 37, [batch_size, 8], dtype="int32")
        return paddle.randn([batch_size, 1, 32, 160]), labels

    return supervised(model, make_batch, _ctc, adam(model))


def _adagrad_value_clip(model: Any) -> Any:
    return paddle.optimizer.Adagrad(
        0.01, parameters=model.parameters(), grad_clip=nn.ClipGradByValue(0.1)
    )


def _sgd_norm_clip(model: Any) -> Any:
    return sgd(model, grad_clip=nn.ClipGradByNorm(1.0))


def _lamb(model: Any) -> Any:
    return paddle.optimizer.Lamb(0.001, parameters=model.parameters())


CASES = (
    Case("translator", "Adam", 4, _translator, quick=True),
    Case("bert", "AdamW+global norm", 4, _bert, quick=True),
    Case("gpt", "AdamW", 4, _decoder(False, adamw), quick=True),
    Case("gpt_recompute", "AdamW", 4, _decoder(True, adamw)),
    Case("gpt_lamb", "Lamb", 4, _decoder(False, _lamb)),
    Case("gpt_accumulated", "AdamW", 2, _accumulated),
    Case("lstm", "Adam", 4, _recurrent(nn.LSTM, adam, num_layers=2), quick=True),
    Case(
        "lstm_bidirect",
        "Adagrad+value",
        4,
        _recurrent(nn.LSTM, _adagrad_value_clip, direction="bidirect"),
    ),
    Case("gru", "SGD+norm", 4, _recurrent(nn.GRU, _sgd_norm_clip)),
    Case("simple_rnn", "Adam", 4, _recurrent(nn.SimpleRNN, adam)),
    Case("crnn_ctc", "Adam", 4, _recognizer, quick=True),
)
