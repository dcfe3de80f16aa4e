"""The loss and the optimizer that the user did not write; each with the sentence that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import paddle
from paddle.nn import functional

from estimator.messages import sentence

_ATTENTION = (paddle.nn.Embedding, paddle.nn.MultiHeadAttention, paddle.nn.LayerNorm)


def default_optimizer(network: paddle.nn.Layer) -> tuple[paddle.optimizer.Optimizer, str]:
    """Momentum for convolutional networks, else AdamW, as the usual recipes have it."""
    layers = network.sublayers(include_self=True)
    layers_are_known = any(type(layer).__module__.startswith("paddle.nn.") for layer in layers)
    convolutional = any(isinstance(layer, paddle.nn.Conv2D) for layer in layers)
    if convolutional and not any(isinstance(layer, _ATTENTION) for layer in layers):
        chosen, why = paddle.optimizer.Momentum, sentence("the network is convolutional")
    elif not layers_are_known:
        chosen, why = paddle.optimizer.AdamW, sentence("nothing says what it was trained with")
    else:
        chosen, why = paddle.optimizer.AdamW, sentence("the network is not purely convolutional")
    optimizer = chosen(learning_rate=1e-3, parameters=network.parameters())
    return optimizer, sentence(
        "the optimizer is taken to be {optimizer}, because {why}",
        optimizer=chosen.__name__,
        why=why,
    )


class DefaultLoss:
    """A loss chosen by what the model puts out and by the labels, if there are any.

    A scalar output is the loss itself. Integer labels of a fitting shape: cross entropy. Labels
    of the output's own shape: mean squared error. Without labels, outputs ``[batch, classes]``
    and ``[batch, length, classes]`` count as class scores. All else: the mean. The losses of
    several outputs are added.
    """

    def __init__(self, assume: Callable[[str], None]) -> None:
        self._assume = assume
        self._made: paddle.Tensor | None = None

    def __call__(self, outputs: object, labels: object) -> paddle.Tensor:
        label = _first_tensor(labels)
        floating = [o for o in paddle.utils.flatten(outputs) if _is_floating(o)]
        if not floating:
            raise TypeError("the model puts out no floating-point tensor and there is no loss_fn")
        losses = [self._loss(output, label) for output in floating]
        return losses[0] if len(losses) == 1 else paddle.add_n(losses)

    def _loss(self, output: paddle.Tensor, label: paddle.Tensor | None) -> paddle.Tensor:
        if output.ndim == 0 or output.shape == [1]:
            self._assume(
                sentence("the model's output is taken to be the loss, because it is one number")
            )
            return output.sum()
        if label is None and output.ndim in (2, 3) and output.shape[-1] > 1:
            label = self._labels_for(output)
        axis = _class_axis(output, label)
        if label is not None and axis is not None:
            self._assume(
                sentence("the loss is taken to be cross entropy, because there is no loss_fn")
            )
            return functional.cross_entropy(output, label, axis=axis)
        if label is not None and label.shape == output.shape:
            self._assume(sentence("the loss is taken to be the mean squared error: no loss_fn"))
            return functional.mse_loss(output, label.astype(output.dtype))
        self._assume(
            sentence("the loss is taken to be the mean of the output: no loss_fn, no labels to it")
        )
        return output.mean()

    def _labels_for(self, output: paddle.Tensor) -> paddle.Tensor:
        """Class labels for ``output``; made once for each batch size."""
        if self._made is None or self._made.shape != output.shape[:-1]:
            self._made = paddle.zeros(output.shape[:-1], "int64")
            self._assume(sentence("the labels are taken to be classes, one for each row of scores"))
        return self._made


def _first_tensor(labels: object) -> paddle.Tensor | None:
    leaves = paddle.utils.flatten(labels)
    return next((leaf for leaf in leaves if isinstance(leaf, paddle.Tensor)), None)


def _is_floating(value: Any) -> bool:
    return isinstance(value, paddle.Tensor) and value.is_floating_point()


def _class_axis(output: paddle.Tensor, label: paddle.Tensor | None) -> int | None:
    """The axis of the class scores that integer labels of this shape belong to, if any."""
    if label is None or label.dtype not in (paddle.int64, paddle.int32) or output.ndim < 2:
        return None
    if label.shape in (output.shape[:-1], [*output.shape[:-1], 1]):
        return -1
    return 1 if label.shape == [output.shape[0], *output.shape[2:]] else None
