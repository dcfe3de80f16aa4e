"""Object detection with anchors: ResNet, feature pyramid, label assignment inside the loss.

paddle-estimate notebooks/models/detector.py --batch-size 8
paddle-estimate notebooks/models/detector.py -o depth=18 size=320
"""

import paddle
from paddle import nn
from paddle.nn import functional as F

STRIDES = (8, 16, 32)
SCALES = (4.0, 5.0, 6.3)
OVERLAP = 0.5


class Detector(nn.Layer):
    def __init__(self, classes, depth, width):
        super().__init__()
        self.classes = classes
        net = {18: paddle.vision.models.resnet18, 50: paddle.vision.models.resnet50}[depth](
            num_classes=0, with_pool=False
        )
        self.stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1)
        self.stages = nn.LayerList([net.layer2, net.layer3, net.layer4])
        expansion = {18: 1, 50: 4}[depth]
        channels = [128 * expansion, 256 * expansion, 512 * expansion]
        self.lateral = nn.LayerList([nn.Conv2D(c, width, 1) for c in channels])
        self.scores = self._head(width, len(SCALES) * classes)
        self.offsets = self._head(width, len(SCALES) * 4)

    @staticmethod
    def _head(width, channels):
        inner = [m for _ in range(2) for m in (nn.Conv2D(width, width, 3, padding=1), nn.ReLU())]
        return nn.Sequential(*inner, nn.Conv2D(width, channels, 3, padding=1))

    def pyramid(self, images):
        x, levels = self.stem(images), []
        for stage, lateral in zip(self.stages, self.lateral, strict=True):
            x = stage(x)
            levels.append(lateral(x))
        for i in (1, 0):
            levels[i] = levels[i] + F.interpolate(levels[i + 1], levels[i].shape[2:])
        return levels

    def forward(self, images):
        """Scores [batch, anchors, classes], offsets [batch, anchors, 4], anchors [anchors, 4]."""
        levels = self.pyramid(images)
        scores = self._rows(self.scores, levels, self.classes)
        return scores, self._rows(self.offsets, levels, 4), anchors_of(images.shape[-1])

    @staticmethod
    def _rows(head, levels, last):
        maps = [head(level).transpose([0, 2, 3, 1]) for level in levels]
        return paddle.concat([m.reshape([m.shape[0], -1, last]) for m in maps], axis=1)


def anchors_of(size):
    """Boxes (x1, y1, x2, y2) around every cell of every level: [anchors, 4]."""
    levels = []
    for stride in STRIDES:
        centre = (paddle.arange(-(-size // stride), dtype="float32") + 0.5) * stride
        y, x = paddle.meshgrid(centre, centre)
        centre = paddle.stack([x, y], axis=-1).reshape([-1, 1, 2])
        half = paddle.to_tensor(SCALES).reshape([1, -1, 1]) * stride / 2
        levels.append(paddle.concat([centre - half, centre + half], axis=-1).reshape([-1, 4]))
    return paddle.concat(levels)


def overlap(a, b):
    """Intersection over union of boxes [n, 4] and [m, 4]: [n, m]."""
    low = paddle.maximum(a[:, None, :2], b[None, :, :2])
    high = paddle.minimum(a[:, None, 2:], b[None, :, 2:])
    both = (high - low).clip(min=0).prod(-1)
    area_a, area_b = (((boxes[:, 2:] - boxes[:, :2]).prod(-1)) for boxes in (a, b))
    return both / (area_a[:, None] + area_b[None] - both)


def decoded(anchors, offsets):
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2 + offsets[:, :2] * size
    half = size * offsets[:, 2:].clip(max=4.0).exp() / 2
    return paddle.concat([centre - half, centre + half], axis=-1)


def image_loss(scores, offsets, anchors, boxes, classes):
    """Focal loss on all anchors, distance of boxes on those that cover an object."""
    match = overlap(anchors, boxes)
    positive = paddle.nonzero(match.max(axis=1) > OVERLAP).flatten()
    owner = paddle.gather(match.argmax(axis=1), positive)
    found = F.one_hot(paddle.gather(classes, owner), scores.shape[-1])
    wanted = paddle.scatter(paddle.zeros_like(scores), positive, found)
    ours = decoded(paddle.gather(anchors, positive), paddle.gather(offsets, positive))
    distance = F.smooth_l1_loss(ours, paddle.gather(boxes, owner), reduction="sum")
    focal = F.sigmoid_focal_loss(scores, wanted, reduction="sum")
    return (focal + distance) / max(1, positive.shape[0])


def build_model(classes=80, depth=50, width=256):
    return Detector(classes, depth, width)


def example_batch(batch_size, size=640, objects=8, classes=80):
    images = paddle.randn([batch_size, 3, size, size])
    corner = paddle.linspace(0.0, size * 0.7, objects)[:, None].tile([1, 2])
    side = paddle.linspace(40.0, size * 0.28, objects)[:, None]
    boxes = paddle.concat([corner, corner + side], axis=-1)
    labels = paddle.randint(0, classes, [batch_size, objects])
    return images, (boxes.unsqueeze(0).tile([batch_size, 1, 1]), labels)


def loss_fn(outputs, labels):
    scores, offsets, anchors = outputs
    boxes, classes = labels
    losses = [
        image_loss(scores[i], offsets[i], anchors, boxes[i], classes[i])
        for i in range(scores.shape[0])
    ]
    return sum(losses) / len(losses)


def build_optimizer(parameters):
    clip = nn.ClipGradByGlobalNorm(35.0)
    return paddle.optimizer.Momentum(0.01, parameters=parameters, weight_decay=1e-4, grad_clip=clip)


def main(steps=2, batch_size=2):
    """A small one of the same shape, with plain Paddle."""
    model = build_model(depth=18, width=64)
    optimizer = build_optimizer(model.parameters())
    for _ in range(steps):
        images, labels = example_batch(batch_size, size=256)
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        print(float(loss))


if __name__ == "__main__":
    main()
