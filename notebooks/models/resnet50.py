"""ResNet-50 on images of 224 x 224, as in Paddle's own image classification examples.

paddle-estimate notebooks/models/resnet50.py --batch-size 64
paddle-estimate notebooks/models/resnet50.py --batch-size 256 --amp O1 -o size=192
"""

import paddle
from paddle.nn import functional as F


def build_model(classes=1000):
    return paddle.vision.models.resnet50(num_classes=classes)


def example_batch(batch_size, size=224, classes=1000):
    images = paddle.randn([batch_size, 3, size, size])
    return images, paddle.randint(0, classes, [batch_size])


def loss_fn(outputs, labels):
    return F.cross_entropy(outputs, labels)


def build_optimizer(parameters):
    rate = paddle.optimizer.lr.CosineAnnealingDecay(0.1, T_max=90)
    return paddle.optimizer.Momentum(rate, momentum=0.9, parameters=parameters, weight_decay=1e-4)


def main(steps=2, batch_size=4):
    """The same training with plain Paddle."""
    model = build_model()
    optimizer = build_optimizer(model.parameters())
    for _ in range(steps):
        images, labels = example_batch(batch_size)
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        print(float(loss))


if __name__ == "__main__":
    main()
