"""Text recognition: convolutions, a bidirectional LSTM over the columns, CTC.

paddle-estimate notebooks/models/ocr_crnn.py --batch-size 256
paddle-estimate notebooks/models/ocr_crnn.py -o width=640 characters=6625
"""

import paddle
from paddle import nn
from paddle.nn import functional as F


def convolution(channels_in, channels, stride):
    return nn.Sequential(
        nn.Conv2D(channels_in, channels, 3, stride=stride, padding=1, bias_attr=False),
        nn.BatchNorm2D(channels),
        nn.ReLU(),
    )


class TextRecognizer(nn.Layer):
    def __init__(self, characters, hidden):
        super().__init__()
        self.columns = nn.Sequential(
            convolution(3, 64, 2),
            convolution(64, 128, 2),
            convolution(128, 256, (2, 1)),
            convolution(256, 512, (2, 1)),
            nn.AdaptiveAvgPool2D((1, None)),
        )
        self.sequence = nn.LSTM(512, hidden, num_layers=2, direction="bidirect")
        self.head = nn.Linear(2 * hidden, characters + 1)

    def forward(self, images):
        columns = self.columns(images).squeeze(2).transpose([0, 2, 1])
        return self.head(self.sequence(columns)[0])


def build_model(characters=95, hidden=256):
    return TextRecognizer(characters, hidden)


def example_batch(batch_size, width=320, characters=95, length=25):
    images = paddle.randn([batch_size, 3, 32, width])
    return images, paddle.randint(1, characters + 1, [batch_size, length], dtype="int32")


def loss_fn(outputs, labels):
    batch, steps, _ = outputs.shape
    return F.ctc_loss(
        outputs.transpose([1, 0, 2]),
        labels,
        input_lengths=paddle.full([batch], steps, "int64"),
        label_lengths=paddle.full([batch], labels.shape[1], "int64"),
    )


def build_optimizer(parameters):
    return paddle.optimizer.Adam(1e-3, parameters=parameters)


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
