"""Samples of known cost: seconds of processor time and of waiting for each."""

import argparse
import time

import numpy as np
import paddle

parser = argparse.ArgumentParser()
parser.add_argument("--compute", type=float, default=0.0)
parser.add_argument("--wait", type=float, default=0.0)
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--look_first", action="store_true")
args = parser.parse_args()


class Costly(paddle.io.Dataset):
    def __init__(self, compute, wait):
        self.compute, self.wait = compute, wait

    def __len__(self):
        return 80

    def __getitem__(self, index):
        until = time.process_time() + self.compute
        while time.process_time() < until:
            pass
        time.sleep(self.wait)
        return np.ones([20], "float32")


def init(worker):
    assert paddle.io.get_worker_info().id == worker


model = paddle.nn.Linear(20, 4)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
if args.look_first:
    for batch in paddle.io.DataLoader(Costly(0.0, 0.0), batch_size=40, num_workers=1):
        model(batch)
        break
loader = paddle.io.DataLoader(
    Costly(args.compute, args.wait),
    batch_size=8,
    num_workers=args.workers,
    prefetch_factor=3,
    worker_init_fn=init,
)
for batch in loader:
    model(batch).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
