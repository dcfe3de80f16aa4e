"""Reads lists of pictures, in the way of Paddle's suites; none of its data is there."""

import argparse
from pathlib import Path

import numpy as np
import paddle

parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=8)
parser.add_argument("--list", default="no/such/train.txt")
parser.add_argument("--mistake", action="store_true")
args = parser.parse_args()


class Listed(paddle.io.Dataset):
    """The base of all data sets."""

    def __init__(self, path):
        self.classes = 10
        self.names = [] if path is None else Path(path).read_text().split()

    def __len__(self):
        return len(self.names)

    def __getitem__(self, index):
        return np.zeros([3, 32, 32], "float32"), np.int64(index % self.classes)


class Pictures(Listed):
    def __init__(self, path):
        super().__init__(path)
        if args.mistake:
            self.names = undefined  # noqa: F821
        self.ready = True


train_set, val_set = Pictures(args.list if not args.mistake else "list.txt"), Listed(None)
sampler = paddle.io.DistributedBatchSampler(train_set, args.batch_size, shuffle=True)
train = paddle.io.DataLoader(train_set, batch_sampler=sampler, num_workers=2)
val = paddle.io.DataLoader(val_set, batch_size=8)
model = paddle.nn.Sequential(
    paddle.nn.Conv2D(3, 16, 3),
    paddle.nn.Flatten(),
    paddle.nn.Linear(16 * 30 * 30, train_set.classes),
)
optimizer = paddle.optimizer.Adam(parameters=model.parameters())
for _ in range(2):
    model.train()
    for image, label in train:
        loss = paddle.nn.functional.cross_entropy(model(image), label)
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    model.eval()
    with paddle.no_grad():
        for image, _ in val:
            model(image)
