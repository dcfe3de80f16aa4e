"""A model whose embedding has sparse gradients."""

from paddle import nn, optimizer, randint


def build_model():
    return nn.Sequential(nn.Embedding(1000, 16, sparse=True), nn.Flatten(), nn.Linear(128, 2))


def example_batch(batch_size):
    return randint(0, 1000, [batch_size, 8]), randint(0, 2, [batch_size])


def build_optimizer(parameters):
    return optimizer.Adam(1e-3, parameters=parameters)
