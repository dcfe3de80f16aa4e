"""A data set that cannot make its samples; how many workers ask it is the first argument."""

import sys

import paddle


class Damaged(paddle.io.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        raise ValueError(f"sample {index} is damaged")


model = paddle.nn.Linear(4, 2)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for batch in paddle.io.DataLoader(Damaged(), batch_size=8, num_workers=int(sys.argv[1])):
    model(batch).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
