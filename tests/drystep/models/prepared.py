"""A file with a paddle.Model that was prepared for fit."""

import paddle
from paddle.static import InputSpec

network = paddle.nn.Linear(4, 3)
model = paddle.Model(
    network, InputSpec([None, 4], "float32", "features"), InputSpec([None, 1], "int64", "label")
)
model.prepare(paddle.optimizer.Adam(parameters=network.parameters()), paddle.nn.CrossEntropyLoss())
