"""What a suite's module makes of a name, and what several suites use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import paddle


@dataclass(frozen=True)
class Architecture:
    """A model with random weights and what its training needs, in the form of a model file.

    ``example_batch`` makes ``(inputs, labels)`` for a batch size, ``loss`` is given the outputs
    and the labels, ``optimizer`` the parameters.
    """

    model: paddle.nn.Layer
    example_batch: Callable[[int], Any]
    loss: Callable[[Any, Any], paddle.Tensor]
    optimizer: Callable[[Any], Any]


LEARNING_RATE = 1e-6
"""So low that random weights stay finite: with NaN a detector finds nothing to sample."""


def momentum(parameters: Any) -> Any:
    """Momentum with L2 decay, the common choice for convolutional networks."""
    decay = paddle.regularizer.L2Decay(1e-4)
    return paddle.optimizer.Momentum(LEARNING_RATE, parameters=parameters, weight_decay=decay)


def adamw(parameters: Any) -> Any:
    """AdamW with global norm clipping, the common choice for transformers."""
    clip = paddle.nn.ClipGradByGlobalNorm(1.0)
    return paddle.optimizer.AdamW(
        LEARNING_RATE, parameters=parameters, weight_decay=0.05, grad_clip=clip
    )


def adam(parameters: Any) -> Any:
    return paddle.optimizer.Adam(LEARNING_RATE, parameters=parameters)


OPTIMIZERS = {"Momentum": momentum, "AdamW": adamw, "Adam": adam}
