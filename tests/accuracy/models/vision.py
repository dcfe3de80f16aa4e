"""Classification networks of paddle.vision, and ones written out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
from paddle import nn
from paddle.nn import functional as F
from paddle.vision import models as zoo

from tests.accuracy.models.task import (
    Case,
    Task,
    adam,
    adamw,
    cross_entropy,
    images,
    momentum,
    sgd,
    supervised,
)

CLASSES = 100


def _classifier(
    make_model: Callable[..., Any], size: int, optimizer: Callable[[Any], Any]
) -> Callable[[], Task]:
    def build() -> Task:
        model = make_model(num_classes=CLASSES)
        return supervised(model, images(3, size, CLASSES), cross_entropy, optimizer(model))

    return build


def _several_outputs(outputs: Any, labels: Any) -> Any:
    """GoogLeNet's own loss: the two auxiliary heads count 0.3 each."""
    main, first, second = outputs
    auxiliary = cross_entropy(first, labels) + cross_entropy(second, labels)
    return cross_entropy(main, labels) + 0.3 * auxiliary


def _googlenet() -> Task:
    model = zoo.googlenet(num_classes=CLASSES)
    return supervised(model, images(3, 224, CLASSES), _several_outputs, momentum(model))


def _lenet() -> Task:
    model = zoo.LeNet()
    return supervised(model, images(1, 28, 10), cross_entropy, adam(model))


class VisionTransformer(nn.Layer):
    """ViT: patches, a class token, position embedding, pre-norm encoder."""

    def __init__(self, size: int = 64, patch: int = 8, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        self.patches = nn.Conv2D(3, width, patch, stride=patch)
        count = (size // patch) ** 2
        self.token = self.create_parameter([1, 1, width])
        self.position = self.create_parameter([1, count + 1, width])
        layer = nn.TransformerEncoderLayer(
            width, 4, width * 4, dropout=0.0, activation="gelu", normalize_before=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, pictures: Any) -> Any:
        x = self.patches(pictures).flatten(2).transpose([0, 2, 1])
        x = paddle.concat([self.token.expand([x.shape[0], -1, -1]), x], axis=1) + self.position
        return self.head(self.encoder(x)[:, 0])


def _vit() -> Task:
    model = VisionTransformer()
    optimizer = adamw(model, weight_decay=0.05, grad_clip=nn.ClipGradByGlobalNorm(1.0))
    return supervised(model, images(3, 64, CLASSES), cross_entropy, optimizer)


class SqueezeExcite(nn.Layer):
    """A small residual network with squeeze-and-excitation and a swish."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Conv2D(3, width, 3, padding=1)
        self.norm = nn.GroupNorm(8, width)
        self.body = nn.Conv2D(width, width, 3, padding=1, groups=width)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2D(1), nn.Conv2D(width, 8, 1), nn.ReLU(), nn.Conv2D(8, width, 1)
        )
        self.head = nn.Linear(width, CLASSES)

    def forward(self, pictures: Any) -> Any:
        x = F.swish(self.norm(self.stem(pictures)))
        y = self.body(x)
        x = x + y * F.sigmoid(self.gate(y))
        return self.head(x.mean(axis=[2, 3]))


def _squeeze_excite() -> Task:
    model = SqueezeExcite()
    optimizer = paddle.optimizer.RMSProp(0.001, momentum=0.9, parameters=model.parameters())
    return supervised(model, images(3, 48, CLASSES), cross_entropy, optimizer)


def _rmsprop(model: Any) -> Any:
    return paddle.optimizer.RMSProp(0.001, parameters=model.parameters())


def _momentum_decay(model: Any) -> Any:
    return momentum(model, weight_decay=paddle.regularizer.L2Decay(1e-4))


CASES = (
    Case("lenet", "Adam", 16, _lenet, quick=True),
    Case("resnet18", "Momentum", 4, _classifier(zoo.resnet18, 64, momentum), quick=True),
    Case("resnet50", "Momentum+L2", 4, _classifier(zoo.resnet50, 96, _momentum_decay), quick=True),
    Case("resnext50", "SGD", 2, _classifier(zoo.resnext50_32x4d, 64, sgd)),
    Case("wide_resnet50", "Momentum", 2, _classifier(zoo.wide_resnet50_2, 64, momentum)),
    Case("alexnet", "SGD", 2, _classifier(zoo.alexnet, 224, sgd)),
    Case("vgg16", "Momentum", 2, _classifier(zoo.vgg16, 64, momentum)),
    Case("mobilenet_v1", "RMSProp", 4, _classifier(zoo.mobilenet_v1, 64, _rmsprop)),
    Case("mobilenet_v2", "Adam", 4, _classifier(zoo.mobilenet_v2, 64, adam), quick=True),
    Case("mobilenet_v3", "AdamW", 4, _classifier(zoo.mobilenet_v3_small, 64, adamw)),
    Case("densenet121", "SGD", 2, _classifier(zoo.densenet121, 64, sgd)),
    Case("squeezenet", "Adam", 4, _classifier(zoo.squeezenet1_1, 96, adam)),
    Case("shufflenet_v2", "Momentum", 4, _classifier(zoo.shufflenet_v2_x1_0, 64, momentum)),
    Case("googlenet", "Momentum", 2, _googlenet),
    Case("inception_v3", "RMSProp", 2, _classifier(zoo.inception_v3, 128, _rmsprop)),
    Case("vit", "AdamW+global norm", 4, _vit, quick=True),
    Case("squeeze_excite", "RMSProp", 4, _squeeze_excite),
)
