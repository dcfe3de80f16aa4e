"""hapi's Model.fit with an evaluation set and a folder for checkpoints."""

import numpy as np
import paddle


class Numbers(paddle.io.Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return np.ones([20], "float32"), np.array([index % 4], "int64")


network = paddle.nn.Sequential(paddle.nn.Linear(20, 64), paddle.nn.ReLU(), paddle.nn.Linear(64, 4))
model = paddle.Model(network)
model.prepare(
    paddle.optimizer.Adam(parameters=model.parameters()),
    paddle.nn.CrossEntropyLoss(),
    paddle.metric.Accuracy(),
)
model.fit(Numbers(), Numbers(), batch_size=16, epochs=2, save_dir="checkpoints", verbose=2)
