"""Counts through its epochs and asks for batches one by one, as PaddleClas does."""

import numpy as np
import paddle


class Numbers(paddle.io.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        return (np.ones([20], "float32"),)


train = paddle.io.DataLoader(Numbers(), batch_size=4)
val = paddle.io.DataLoader(Numbers(), batch_size=20)
model = paddle.nn.Linear(20, 64)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for _ in range(2):
    model.train()
    batches = iter(train)
    for _ in range(len(train)):
        try:
            (numbers,) = next(batches)
        except StopIteration:
            batches = iter(train)
            (numbers,) = next(batches)
        loss = model(numbers).mean()
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
    model.eval()
    with paddle.no_grad():
        for (numbers,) in val:
            model(numbers)
