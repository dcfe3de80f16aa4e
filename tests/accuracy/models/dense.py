"""Dense prediction, generation and recommendation."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import paddle
from paddle import nn
from paddle.nn import functional as F

from tests.accuracy.models.task import Case, Task, adam, adamw, momentum, supervised


def conv_block(a: int, b: int) -> Any:
    return nn.Sequential(
        nn.Conv2D(a, b, 3, padding=1), nn.BatchNorm2D(b), nn.ReLU(),
        nn.Conv2D(b, b, 3, padding=1), nn.BatchNorm2D(b), nn.ReLU(),
    )  # fmt: skip


class UNet(nn.Layer):
    """Three levels down and up; up by transposed convolution."""

    def __init__(self, width: int = 32, classes: int = 4) -> None:
        super().__init__()
        w = [width, width * 2, width * 4, width * 8]
        self.down = nn.LayerList([conv_block(a, b) for a, b in zip([3, *w], w, strict=False)])
        self.up = nn.LayerList([nn.Conv2DTranspose(b, a, 2, stride=2) for a, b in pairwise(w)])
        self.merge = nn.LayerList([conv_block(2 * a, a) for a in w[:-1]])
        self.head = nn.Conv2D(width, classes, 1)

    def forward(self, x: Any) -> Any:
        skipped = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skipped.append(x)
        for up, merge, other in zip(
            reversed(self.up), reversed(self.merge), reversed(skipped[:-1]), strict=True
        ):
            x = merge(paddle.concat([up(x), other], axis=1))
        return self.head(x)


def _dice_and_entropy(outputs: Any, labels: Any) -> Any:
    share = F.softmax(outputs, axis=1)
    wanted = F.one_hot(labels, outputs.shape[1]).transpose([0, 3, 1, 2])
    both = (share * wanted).sum(axis=[0, 2, 3])
    dice = 1 - (2 * both / (share.sum(axis=[0, 2, 3]) + wanted.sum(axis=[0, 2, 3]) + 1)).mean()
    return dice + F.cross_entropy(outputs.transpose([0, 2, 3, 1]), labels.unsqueeze(-1))


def _unet() -> Task:
    model = UNet()

    def make_batch(batch_size: int) -> Any:
        pictures = paddle.randn([batch_size, 3, 64, 64])
        return pictures, paddle.randint(0, 4, [batch_size, 64, 64])

    return supervised(model, make_batch, _dice_and_entropy, adam(model))


class Segmenter(nn.Layer):
    """Dilated convolutions, pyramid pooling and bilinear upsampling."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_block(3, width), nn.MaxPool2D(2))
        self.branches = nn.LayerList(
            [nn.Conv2D(width, width, 3, padding=d, dilation=d) for d in (1, 2, 4)]
        )
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2D(2), nn.Conv2D(width, width, 1))
        self.head = nn.Conv2D(width * 4, 4, 1)

    def forward(self, pictures: Any) -> Any:
        x = self.stem(pictures)
        parts = [F.leaky_relu(branch(x)) for branch in self.branches]
        parts.append(F.interpolate(self.pool(x), x.shape[2:], mode="bilinear"))
        return F.interpolate(
            self.head(paddle.concat(parts, axis=1)), pictures.shape[2:], mode="bilinear"
        )


def _segmenter() -> Task:
    model = Segmenter()

    def make_batch(batch_size: int) -> Any:
        pictures = paddle.randn([batch_size, 3, 64, 64])
        return pictures, paddle.randint(0, 4, [batch_size, 64, 64])

    return supervised(model, make_batch, _dice_and_entropy, momentum(model))


class AutoEncoder(nn.Layer):
    """Variational: reparametrised latent, transposed convolutions."""

    def __init__(self, latent: int = 64) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2D(3, 32, 4, 2, 1), nn.LeakyReLU(), nn.Conv2D(32, 64, 4, 2, 1), nn.LeakyReLU(),
            nn.Flatten(), nn.Linear(64 * 16 * 16, 2 * latent),
        )  # fmt: skip
        self.expand = nn.Linear(latent, 64 * 16 * 16)
        self.decoder = nn.Sequential(
            nn.Conv2DTranspose(64, 32, 4, 2, 1), nn.ReLU(), nn.Conv2DTranspose(32, 3, 4, 2, 1)
        )

    def forward(self, pictures: Any) -> Any:
        mean, log_variance = self.encoder(pictures).chunk(2, axis=1)
        latent = mean + paddle.randn(mean.shape) * (log_variance / 2).exp()
        return self.decoder(self.expand(latent).reshape([-1, 64, 16, 16])), mean, log_variance


def _evidence(outputs: Any, pictures: Any) -> Any:
    made, mean, log_variance = outputs
    divergence = (mean**2 + log_variance.exp() - log_variance - 1).sum(axis=1).mean() / 2
    return F.mse_loss(made, pictures) + divergence


def _autoencoder() -> Task:
    model = AutoEncoder()

    def make_batch(batch_size: int) -> Any:
        pictures = paddle.randn([batch_size, 3, 64, 64])
        return pictures, pictures

    return supervised(model, make_batch, _evidence, adam(model))


class Adversaries(nn.Layer):
    """A generator and a discriminator that share one optimizer and one step."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(64, 128 * 8 * 8), nn.Unflatten(1, [128, 8, 8]),
            nn.Conv2DTranspose(128, 64, 4, 2, 1), nn.BatchNorm2D(64), nn.ReLU(),
            nn.Conv2DTranspose(64, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip
        self.discriminator = nn.Sequential(
            nn.Conv2D(3, 64, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2D(64, 128, 4, 2, 1),
            nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(128 * 8 * 8, 1),
        )  # fmt: skip


def _gan() -> Task:
    model = Adversaries()
    optimizer = paddle.optimizer.Adam(2e-4, beta1=0.5, parameters=model.parameters())

    def judged(pictures: Any, real: float) -> Any:
        score = model.discriminator(pictures)
        return F.binary_cross_entropy_with_logits(score, paddle.full_like(score, real))

    def step(batch: Any) -> None:
        pictures, noise = batch
        made = model.generator(noise)
        (judged(pictures, 1.0) + judged(made.detach(), 0.0)).backward()
        judged(made, 1.0).backward()
        optimizer.step()
        optimizer.clear_grad()

    def make_batch(batch_size: int) -> Any:
        return paddle.randn([batch_size, 3, 32, 32]), paddle.randn([batch_size, 64])

    return Task(model, optimizer, make_batch, step)


class WideAndDeep(nn.Layer):
    """Many categorical fields; bags of words are summed; a linear part beside a deep one."""

    def __init__(self, fields: int = 26, rows: int = 5000, width: int = 16) -> None:
        super().__init__()
        self.wide, self.deep = nn.Embedding(rows, 1), nn.Embedding(rows, width)
        self.bag = nn.Embedding(rows, width)
        self.tower = nn.Sequential(
            nn.Linear(fields * width + width + 13, 256), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 1),
        )  # fmt: skip

    def forward(self, fields: Any, words: Any, numbers: Any) -> Any:
        deep = self.deep(fields).flatten(1)
        bag = self.bag(words).sum(axis=1)
        tower = self.tower(paddle.concat([deep, bag, numbers], axis=1))
        return tower + self.wide(fields).sum(axis=1)


def _wide_and_deep() -> Task:
    model = WideAndDeep()

    def make_batch(batch_size: int) -> Any:
        ids = paddle.randint(0, 5000, [batch_size, 26])
        words = paddle.randint(0, 5000, [batch_size, 40])
        clicked = paddle.randint(0, 2, [batch_size, 1]).astype("float32")
        return (ids, words, paddle.randn([batch_size, 13])), clicked

    optimizer = paddle.optimizer.Adagrad(0.01, parameters=model.parameters())
    return supervised(model, make_batch, F.binary_cross_entropy_with_logits, optimizer)


class Denoiser(nn.Layer):
    """A diffusion step: time embedding, group norm, attention over pixels, AdamW."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(32, width), nn.Silu(), nn.Linear(width, width))
        self.stem, self.out = nn.Conv2D(3, width, 3, padding=1), nn.Conv2D(width, 3, 3, padding=1)
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv = nn.Conv2D(width, width, 3, padding=1)
        self.attention = nn.MultiHeadAttention(width, 4)

    def forward(self, noisy: Any, times: Any) -> Any:
        rate = paddle.exp(paddle.arange(16, dtype="float32") * -0.5)
        angle = times.astype("float32").unsqueeze(-1) * rate
        time = self.time(paddle.concat([angle.sin(), angle.cos()], axis=-1))
        x = self.stem(noisy)
        x = x + self.conv(F.silu(self.norm1(x) + time.unsqueeze([2, 3])))
        pixels = self.norm2(x).flatten(2).transpose([0, 2, 1])
        return self.out(x + self.attention(pixels).transpose([0, 2, 1]).reshape(x.shape))


def _denoiser() -> Task:
    model = Denoiser()

    def make_batch(batch_size: int) -> Any:
        noise = paddle.randn([batch_size, 3, 24, 24])
        times = paddle.randint(0, 1000, [batch_size])
        return (noise, times), noise

    return supervised(model, make_batch, F.mse_loss, adamw(model))


CASES = (
    Case("unet", "Adam", 2, _unet, quick=True),
    Case("segmenter", "Momentum", 2, _segmenter),
    Case("autoencoder", "Adam", 4, _autoencoder),
    Case("gan", "Adam", 4, _gan),
    Case("wide_and_deep", "Adagrad", 64, _wide_and_deep, quick=True),
    Case("denoiser", "AdamW", 2, _denoiser),
)
