"""A plain training loop with a DataLoader, an evaluation, a log and a checkpoint."""

import argparse
import os

import numpy as np
import paddle

parser = argparse.ArgumentParser()
parser.add_argument("--batch_size", type=int, default=8)
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--amp", action="store_true")
parser.add_argument("--output", default="output")
args = parser.parse_args()


class Images(paddle.io.Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return np.full([3, 32, 32], index, "float32"), np.int64(index % 10)


paddle.set_device("gpu")
assert paddle.is_compiled_with_cuda()
assert paddle.get_device() == "gpu:0"
paddle.seed(1)
model = paddle.nn.Sequential(
    paddle.nn.Conv2D(3, 16, 3, padding=1),
    paddle.nn.BatchNorm2D(16),
    paddle.nn.ReLU(),
    paddle.nn.Flatten(),
    paddle.nn.Linear(16 * 32 * 32, 10),
)
optimizer = paddle.optimizer.Momentum(parameters=model.parameters())
scaler = paddle.amp.GradScaler(init_loss_scaling=1024)
train = paddle.io.DataLoader(
    Images(400), batch_size=args.batch_size, shuffle=True, num_workers=args.workers
)
val = paddle.io.DataLoader(Images(64), batch_size=4 * args.batch_size)
log = open("train.log", "w")  # noqa: SIM115
print("a line that must not reach the YAML")
os.mkdir(args.output)  # fails where it is there already
for epoch in range(args.epochs):
    model.train()
    for step, (image, label) in enumerate(train):
        os.mkdir(os.path.join(args.output, f"{epoch}-{step}"))
        with paddle.amp.auto_cast(enable=args.amp):
            loss = paddle.nn.functional.cross_entropy(model(image), label)
        if args.amp:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        else:
            loss.backward()
            optimizer.step()
        optimizer.clear_grad()
        log.write(f"{epoch} {step} {float(loss)}\n")
    model.eval()
    right = 0
    for image, label in val:  # no paddle.no_grad()
        right += int((model(image).argmax(-1) == label).sum())
    log.write(f"accuracy {right}\n")
    paddle.save(model.state_dict(), os.path.join(args.output, "latest.pdparams"))
