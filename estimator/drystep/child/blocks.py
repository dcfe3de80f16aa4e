"""Where the tensors of a training stand in device memory, and how much they take there."""

from __future__ import annotations

from collections.abc import Iterable

import paddle

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.training import Training

Blocks = dict[int, int]
"""Bytes by address."""

_ALIGNMENT = 256
"""Bytes; what Paddle's allocator rounds every device allocation up to."""


def blocks_of(tensors: Iterable[paddle.Tensor]) -> Blocks:
    """The dense tensors that hold device memory. What stands on the host is left out."""
    return {
        tensor.data_ptr(): -(-tensor.size * tensor.element_size() // _ALIGNMENT) * _ALIGNMENT
        for tensor in tensors
        if tensor.is_dense() and tensor._is_initialized() and not tensor.place.is_cpu_place()
    }


def gradient_blocks(model: paddle.nn.Layer) -> Blocks:
    """The gradients that are there now."""
    return blocks_of(p.grad for p in model.parameters() if p.grad is not None)


def lasting_blocks(training: Training, batch: object) -> dict[str, Blocks]:
    """What lives through the whole step, by kind; the batch counts as activations."""
    return {
        "parameters": blocks_of(training.model.parameters()),
        "buffers": blocks_of(training.model.buffers()),
        "optimizer_state": blocks_of(tensors_in(training.optimizer.state_dict())),
        "activations": blocks_of(tensors_in(batch)),
    }
