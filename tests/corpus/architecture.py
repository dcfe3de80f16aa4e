"""The model file of the corpus: any architecture, named by ``-o architecture=SUITE/NAME``."""

import random

import numpy as np
import paddle

from tests.corpus.cases import CASES
from tests.corpus.open import open_architecture

opened = None


def build_model(architecture):
    global opened
    paddle.seed(0)
    opened = open_architecture(CASES[architecture])
    return opened.model


def example_batch(batch_size):
    """The same samples each time: how many boxes there are, and where, decides shapes."""
    random.seed(0)
    np.random.seed(0)
    return opened.example_batch(batch_size)


def loss_fn(outputs, labels):
    return opened.loss(outputs, labels)


def build_optimizer(parameters):
    return opened.optimizer(parameters)
