"""Labels as large as the picture, one integer for each pixel, as in segmentation."""

import numpy as np
import paddle


class Masks(paddle.io.Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        return np.ones([8], "float32"), np.zeros([512, 512], "int64")


model = paddle.nn.Linear(8, 8)
optimizer = paddle.optimizer.SGD(parameters=model.parameters())
for numbers, _ in paddle.io.DataLoader(Masks(), batch_size=2):
    loss = model(numbers).mean()
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
