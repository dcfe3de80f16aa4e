"""A file that does not say what its two inputs are."""

import paddle


class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.both = paddle.nn.Linear(4, 3)

    def forward(self, source, target):
        return self.both(source) + self.both(target)
