"""Detectors: label assignment by overlap, by position and by mask, each inside the loss."""

from __future__ import annotations

from typing import Any

import paddle
from paddle import nn
from paddle.nn import functional as F

from tests.accuracy.models.dense import conv_block
from tests.accuracy.models.task import Case, Task, adam, momentum, supervised


class Pyramid(nn.Layer):
    """A backbone, a feature pyramid, and a head with class scores and box offsets."""

    def __init__(self, width: int = 64, classes: int = 5, anchors: int = 3) -> None:
        super().__init__()
        self.classes, self.anchors = classes, anchors
        self.stages = nn.LayerList(
            [nn.Sequential(nn.Conv2D(a, b, 3, stride=2, padding=1), nn.BatchNorm2D(b), nn.ReLU())
             for a, b in ((3, 32), (32, 64), (64, 128), (128, 256))]
        )  # fmt: skip
        self.lateral = nn.LayerList([nn.Conv2D(c, width, 1) for c in (64, 128, 256)])
        self.scores = nn.Conv2D(width, anchors * classes, 3, padding=1)
        self.boxes = nn.Conv2D(width, anchors * 4, 3, padding=1)

    def levels(self, x: Any) -> list[Any]:
        found = []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        top, result = None, []
        for lateral, level in zip(reversed(self.lateral), reversed(found[1:]), strict=True):
            side = lateral(level)
            top = side if top is None else side + F.interpolate(top, side.shape[2:])
            result.append(top)
        return result

    def forward(self, pictures: Any) -> Any:
        scores, boxes = [], []
        for level in self.levels(pictures):
            for head, found, last in (
                (self.scores, scores, self.classes), (self.boxes, boxes, 4)
            ):  # fmt: skip
                y = head(level).transpose([0, 2, 3, 1])
                found.append(y.reshape([y.shape[0], -1, last]))
        return paddle.concat(scores, axis=1), paddle.concat(boxes, axis=1)


def grid_anchors(size: int, strides: tuple[int, ...], scales: tuple[float, ...]) -> Any:
    """Anchor boxes (x1, y1, x2, y2) of every level, float32, shape (count, 4)."""
    found = []
    for stride in strides:
        places = (paddle.arange(size // stride, dtype="float32") + 0.5) * stride
        y, x = paddle.meshgrid(places, places)
        centre = paddle.stack([x, y], axis=-1).reshape([-1, 1, 2])
        half = paddle.to_tensor(scales).reshape([1, -1, 1]) * stride / 2
        found.append(paddle.concat([centre - half, centre + half], axis=-1).reshape([-1, 4]))
    return paddle.concat(found)


def overlap(a: Any, b: Any) -> Any:
    """Intersection over union of boxes (n, 4) and (m, 4): (n, m)."""
    low = paddle.maximum(a.unsqueeze(1)[..., :2], b.unsqueeze(0)[..., :2])
    high = paddle.minimum(a.unsqueeze(1)[..., 2:], b.unsqueeze(0)[..., 2:])
    both = (high - low).clip(min=0).prod(axis=-1)
    area = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (a, b)]
    return both / (area[0].unsqueeze(1) + area[1].unsqueeze(0) - both + 1e-9)


def decode(anchors: Any, offsets: Any) -> Any:
    """Boxes from offsets of centre and logarithm of size."""
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2 + offsets[:, :2] * size
    half = size * offsets[:, 2:].clip(max=4.0).exp() / 2
    return paddle.concat([centre - half, centre + half], axis=-1)


def focal(scores: Any, wanted: Any) -> Any:
    entropy = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    share = F.sigmoid(scores)
    away = share * (1 - wanted) + (1 - share) * wanted
    return (entropy * away**2).sum()


def _picture_loss(scores: Any, offsets: Any, anchors: Any, target: tuple[Any, Any]) -> Any:
    """RetinaNet's assignment: overlap above a half is positive, chosen by nonzero and gather."""
    boxes, classes = target
    match = overlap(anchors, boxes)
    best, owner = match.max(axis=1), match.argmax(axis=1)
    positive = paddle.nonzero(best > 0.3).flatten()
    chosen = paddle.gather(owner, positive)
    labels = paddle.zeros_like(scores)
    found = F.one_hot(paddle.gather(classes, chosen), scores.shape[-1])
    labels = paddle.scatter(labels, positive, found)
    decoded = decode(paddle.gather(anchors, positive), paddle.gather(offsets, positive))
    distance = F.smooth_l1_loss(decoded, paddle.gather(boxes, chosen), reduction="sum")
    return (focal(scores, labels) + distance) / max(1, positive.shape[0])


def _boxes(batch_size: int, count: int, size: int) -> Any:
    """Boxes spread over the picture, the same for each picture: labels decide shapes."""
    corner = paddle.linspace(0, size * 0.6, count).unsqueeze(-1).tile([1, 2])
    box = paddle.concat([corner, corner + size * 0.3], axis=-1)
    return box.unsqueeze(0).tile([batch_size, 1, 1])


def _detector() -> Task:
    model = Pyramid()
    anchors = grid_anchors(128, (16, 8, 4), (2.0, 4.0, 8.0))

    def make_batch(batch_size: int) -> Any:
        classes = paddle.arange(4).unsqueeze(0).tile([batch_size, 1])
        pictures = paddle.randn([batch_size, 3, 128, 128])
        return pictures, (_boxes(batch_size, 4, 128), classes)

    def loss_fn(outputs: Any, labels: Any) -> Any:
        rows = zip(*outputs, zip(*labels, strict=True), strict=True)
        return sum(_picture_loss(s, o, anchors, target) for s, o, target in rows)

    optimizer = momentum(model, grad_clip=nn.ClipGradByGlobalNorm(10.0))
    return supervised(model, make_batch, loss_fn, optimizer)


class CentreNet(nn.Layer):
    """Heat map and size at a quarter of the picture, sizes read out at the objects."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_block(3, 32), nn.MaxPool2D(2), conv_block(32, 64), nn.MaxPool2D(2)
        )
        self.heat, self.size = nn.Conv2D(64, 5, 1), nn.Conv2D(64, 2, 1)

    def forward(self, pictures: Any) -> Any:
        x = self.body(pictures)
        return self.heat(x), self.size(x)


def _centre_loss(outputs: Any, labels: Any) -> Any:
    heat, size = outputs
    places, wanted = labels
    picture = paddle.arange(places.shape[0]).unsqueeze(-1).expand_as(places[..., 0])
    where = paddle.stack([picture, places[..., 1], places[..., 0]], axis=-1)
    read = paddle.gather_nd(size.transpose([0, 2, 3, 1]), where)
    mask = paddle.scatter_nd(where, paddle.ones(where.shape[:2]), heat[:, 0].shape)
    return focal(heat, mask.unsqueeze(1).expand_as(heat)) + F.l1_loss(read, wanted)


def _centrenet() -> Task:
    model = CentreNet()

    def make_batch(batch_size: int) -> Any:
        places = paddle.randint(0, 16, [batch_size, 6, 2])
        pictures = paddle.randn([batch_size, 3, 64, 64])
        return pictures, (places, paddle.rand([batch_size, 6, 2]))

    return supervised(model, make_batch, _centre_loss, adam(model))


class Yolo(nn.Layer):
    """One level, one box a cell; cells with an object are chosen by a boolean mask."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv_block(3, 32),
            nn.MaxPool2D(4),
            conv_block(32, 64),
            nn.MaxPool2D(4),
            nn.Conv2D(64, 10, 1),
        )

    def forward(self, pictures: Any) -> Any:
        return self.body(pictures).transpose([0, 2, 3, 1])


def _yolo_loss(outputs: Any, labels: Any) -> Any:
    objects, boxes, classes = labels
    mask = objects > 0.5
    count = mask.astype("float32").sum().clip(min=1.0)
    confidence = F.binary_cross_entropy_with_logits(outputs[..., 0], objects)
    near = (F.sigmoid(outputs[..., 1:5])[mask] - boxes[mask]).abs().sum() / count
    right = F.cross_entropy(outputs[..., 5:][mask], classes[mask])
    return confidence + near + right


def _yolo() -> Task:
    model = Yolo()

    def make_batch(batch_size: int) -> Any:
        diagonal = paddle.eye(8).unsqueeze(0).tile([batch_size, 1, 1])
        boxes = paddle.rand([batch_size, 8, 8, 4])
        classes = paddle.randint(0, 5, [batch_size, 8, 8])
        return paddle.randn([batch_size, 3, 128, 128]), (diagonal, boxes, classes)

    return supervised(model, make_batch, _yolo_loss, momentum(model))


CASES = (
    Case("detector_pyramid", "Momentum+global norm", 2, _detector, quick=True),
    Case("detector_centre", "Adam", 2, _centrenet),
    Case("detector_yolo", "Momentum", 2, _yolo),
)
