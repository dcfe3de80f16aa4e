"""A training that the runners of every device can step, as plain Paddle code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paddle

from estimator.drystep.child.batches import batch_bytes
from estimator.workload.types import Workload


@dataclass(frozen=True)
class Task:
    """The part of ``child.training.Training`` that a measurement needs."""

    model: Any
    optimizer: Any
    make_batch: Callable[[int], Any]
    step: Callable[[Any], object]
    workload: Workload = Workload(Path("task.py"))  # noqa: RUF009 - frozen

    def batch_bytes(self, batch: Any) -> int:
        return batch_bytes(batch)


@dataclass(frozen=True)
class Case:
    """One row of the comparison. ``build`` makes everything anew on the current device."""

    name: str
    optimizer: str
    batch_size: int
    build: Callable[[], Task]
    quick: bool = False


def supervised(
    model: Any,
    make_batch: Callable[[int], Any],
    loss_fn: Callable[[Any, Any], Any],
    optimizer: Any,
) -> Task:
    """The ordinary step: forward, loss, backward, update."""

    def step(batch: Any) -> None:
        inputs, labels = batch
        inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        loss_fn(model(*inputs), labels).backward()
        optimizer.step()
        optimizer.clear_grad()

    return Task(model, optimizer, make_batch, step)


def images(channels: int, size: int, classes: int) -> Callable[[int], Any]:
    """Batches of square images with one class each."""

    def make_batch(batch_size: int) -> Any:
        pictures = paddle.randn([batch_size, channels, size, size])
        return pictures, paddle.randint(0, classes, [batch_size])

    return make_batch


def tokens(length: int, vocabulary: int, classes: int) -> Callable[[int], Any]:
    """Batches of token sequences with one class each."""

    def make_batch(batch_size: int) -> Any:
        words = paddle.randint(0, vocabulary, [batch_size, length])
        return words, paddle.randint(0, classes, [batch_size])

    return make_batch


def cross_entropy(outputs: Any, labels: Any) -> Any:
    return paddle.nn.functional.cross_entropy(outputs, labels)


def sgd(model: Any, **options: Any) -> Any:
    return paddle.optimizer.SGD(0.01, parameters=model.parameters(), **options)


def momentum(model: Any, **options: Any) -> Any:
    return paddle.optimizer.Momentum(0.01, parameters=model.parameters(), **options)


def adam(model: Any, **options: Any) -> Any:
    return paddle.optimizer.Adam(0.001, parameters=model.parameters(), **options)


def adamw(model: Any, **options: Any) -> Any:
    return paddle.optimizer.AdamW(0.001, parameters=model.parameters(), **options)
