"""Saving a checkpoint of model and optimizer, with what it takes of host memory."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from typing import Any

import paddle

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.training import Training
from estimator.messages import sentence
from estimator.units import GIB, format_bytes

LARGEST_SAVED_BYTES = 4 * GIB
"""Larger states are not saved: paddle.save makes a copy of all of it in host memory."""


def save_checkpoint(training: Training) -> str:
    """``paddle.save`` of both states to nowhere; returns what was seen, in one sentence."""
    size = sum(tensor.size * tensor.element_size() for tensor in _tensors(training))
    if size > LARGEST_SAVED_BYTES:
        return sentence(
            "a checkpoint of {size} was not saved: paddle.save would copy all of it to host memory "
            "first",
            size=format_bytes(size),
        )
    tracemalloc.start()
    try:
        for state in _states(training):
            paddle.save(state, os.devnull)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return sentence(
        "paddle.save of {size} took {most} of host memory",
        size=format_bytes(size),
        most=format_bytes(most),
    )


def _states(training: Training) -> Iterator[dict[str, Any]]:
    yield training.model.state_dict()
    yield training.optimizer.state_dict()


def _tensors(training: Training) -> Iterator[paddle.Tensor]:
    for state in _states(training):
        yield from tensors_in(state)
