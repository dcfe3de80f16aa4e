"""A model that talks on both outputs while it works."""

import os
import sys

import paddle

print("apiVersion: v1 # from the model file")


class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.fc = paddle.nn.Linear(8, 4)

    def forward(self, x):
        print("forward", x.shape)
        os.write(1, b"kind: Secret\n")
        print("to the error output", file=sys.stderr)
        return self.fc(x)


def example_batch(batch_size):
    return paddle.randn([batch_size, 8]), paddle.randint(0, 4, [batch_size])
