"""An embedding with sparse gradients, as in recommendation models."""

import paddle


class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.words = paddle.nn.Embedding(1000, 16, sparse=True)
        self.scores = paddle.nn.Linear(16, 10)

    def forward(self, words):
        return self.scores(self.words(words).mean(1))


def example_batch(batch_size):
    words = paddle.randint(0, 1000, [batch_size, 8])
    return words, paddle.randint(0, 10, [batch_size])


def build_optimizer(parameters):
    return paddle.optimizer.Adam(parameters=parameters, lazy_mode=True)
