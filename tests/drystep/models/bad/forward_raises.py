"""A file whose forward raises."""

import paddle


class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.hidden = paddle.nn.Linear(4, 3)

    def forward(self, features):
        raise RuntimeError("no way\nforward")
