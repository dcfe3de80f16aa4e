"""What one training step does: ours, or the user's own ``train_step``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import paddle

from estimator.drystep.measurement import Precision

Step = Callable[[Any], None]
"""Does one step on a batch, update included."""

Loss = Callable[[Any, Any], paddle.Tensor]
"""The loss of the model's outputs and the labels."""


class MicroBatches(tuple[Any, ...]):
    """The batches that one update accumulates the gradients of."""


@dataclass(frozen=True, slots=True)
class UserStep:
    """A step that the user wrote: ``train_step(model, batch, optimizer)``."""

    train_step: Callable[[Any, Any, Any], object]
    model: paddle.nn.Layer
    optimizer: Any

    def __call__(self, batch: Any) -> None:
        self.train_step(self.model, batch, self.optimizer)


@dataclass(frozen=True, slots=True)
class StandardStep:
    """Forward, loss, backward, update, clear: as in Paddle's own training loops.

    ``scaler`` scales the loss of float16 training; None elsewhere. Each of :class:`MicroBatches`
    goes forward and backward before the update.
    """

    model: paddle.nn.Layer
    optimizer: Any
    loss: Loss
    precision: Precision
    scaler: paddle.amp.GradScaler | None

    def __call__(self, batch: Any) -> None:
        for inputs, labels in batch if isinstance(batch, MicroBatches) else (batch,):
            with auto_cast(self.precision):
                # Held to the end of the step, as the variables of an ordinary training loop are.
                outputs = forward(self.model, inputs)
                loss = self.loss(outputs, labels)
            if not isinstance(loss, paddle.Tensor):
                raise TypeError(f"the loss is a {type(loss).__name__}, not a tensor")
            (loss if self.scaler is None else self.scaler.scale(loss)).backward()
        if self.scaler is None:
            self.optimizer.step()
        else:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        self.optimizer.clear_grad()


@dataclass(frozen=True, slots=True)
class PipelineStep:
    """A step of Fleet on one stage of a pipeline, update included: of the first ``samples`` of the
    batch, as many as the micro-batches take that Fleet has been told of.
    """

    model: Any
    optimizer: Any
    precision: Precision
    scaler: paddle.amp.GradScaler | None
    samples: int

    def __call__(self, batch: Any) -> None:
        first = paddle.utils.map_structure(self._first, batch)
        with auto_cast(self.precision):
            self.model.train_batch(first, self.optimizer, scaler=self.scaler)

    def _first(self, leaf: Any) -> Any:
        return leaf[: self.samples] if isinstance(leaf, paddle.Tensor) and leaf.ndim else leaf


@dataclass(frozen=True, slots=True)
class InferenceStep:
    """A forward pass in evaluation mode that keeps nothing for gradients."""

    model: paddle.nn.Layer
    precision: Precision

    def __call__(self, batch: Any) -> None:
        inputs, _ = batch
        with paddle.no_grad(), auto_cast(self.precision):
            forward(self.model, inputs)


def auto_cast(precision: Precision) -> AbstractContextManager[object]:
    """Paddle's automatic mixed precision at this level, or nothing at ``off``."""
    if precision.amp_level == "off":
        return nullcontext()
    context: AbstractContextManager[object] = paddle.amp.auto_cast(
        level=precision.amp_level, dtype=precision.dtype
    )
    return context


def mixed(
    model: paddle.nn.Layer, optimizer: Any, precision: Precision
) -> tuple[paddle.nn.Layer, Any, paddle.amp.GradScaler | None]:
    """Model, optimizer and gradient scaler as Paddle's AMP guide prepares them for a level.

    O2 casts the parameters and gives the optimizer float32 master weights.
    """
    if precision.amp_level == "O2":
        model, optimizer = paddle.amp.decorate(model, optimizer, level="O2", dtype=precision.dtype)
    scaled = precision.amp_level != "off" and precision.dtype == "float16"
    return model, optimizer, _scaler() if scaled else None


def in_low_precision(model: paddle.nn.Layer, precision: Precision) -> paddle.nn.Layer:
    """The model with its parameters cast where the level is O2."""
    if precision.amp_level != "O2":
        return model
    return paddle.amp.decorate(model, level="O2", dtype=precision.dtype)


def _scaler() -> paddle.amp.GradScaler:
    """A dynamic scaler that does its usual work, but does not react to overflow.

    The usual first scale of 65536 makes the first steps overflow, and values on a virtual GPU
    mean nothing; Paddle 3.3 fails to print its reaction under NumPy 2.4.
    """
    return paddle.amp.GradScaler(init_loss_scaling=1.0, decr_every_n_nan_or_inf=1 << 30)


def forward(model: paddle.nn.Layer, inputs: Any) -> Any:
    """Call the model: a dict gives keywords, a tuple or list gives arguments in order."""
    if isinstance(inputs, dict):
        return model(**inputs)
    if isinstance(inputs, (tuple, list)):
        return model(*inputs)
    return model(inputs)
