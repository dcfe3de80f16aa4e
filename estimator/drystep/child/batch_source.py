"""Where the batches of a training come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

from estimator.drystep.child.assumptions import Assumptions
from estimator.drystep.child.batches import guess_inputs, requests_of
from estimator.drystep.child.model_file import Hook, RunFile
from estimator.drystep.child.saved import input_specs
from estimator.messages import sentence
from estimator.workload.types import TensorRequest, Workload


@dataclass(frozen=True, slots=True)
class BatchSource:
    """The user's ``example_batch``, or what to make random tensors of.

    hint: what to try where a step fails and the batch was a guess.
    """

    example_batch: Hook | None = None
    inputs: tuple[TensorRequest, ...] = ()
    labels: tuple[TensorRequest, ...] = ()
    hint: str = ""


def batch_source(
    file: RunFile,
    model: paddle.nn.Layer,
    wrapper: paddle.Model | None,
    workload: Workload,
    assumptions: Assumptions,
) -> BatchSource:
    """Where batches come from: the file, then the flags, then ``InputSpec``, then a guess."""
    if file.example_batch is not None:
        if workload.inputs or workload.labels:
            assumptions.add(
                sentence("--input and --label are not used: the file has example_batch()")
            )
        return BatchSource(example_batch=file.example_batch)
    labels = workload.labels or requests_of(wrapper and wrapper._labels, "--label")
    inputs = workload.inputs or requests_of(
        wrapper._inputs if wrapper else input_specs(model), "--input"
    )
    if inputs:
        return BatchSource(inputs=inputs, labels=labels)
    guess = guess_inputs(model, str(file.path))
    assumptions.add(guess.assumption)
    return BatchSource(inputs=guess.inputs, labels=labels, hint=guess.hint)


def alone(tensors: tuple[paddle.Tensor, ...]) -> Any:
    """One tensor by itself, several as they are, none as None."""
    return tensors if len(tensors) > 1 else next(iter(tensors), None)


def on_device(batch: Any) -> Any:
    """A user's batch with its arrays and tensors on the current device."""
    return paddle.utils.map_structure(_on_device, batch)


def _on_device(leaf: Any) -> Any:
    """A leaf of a batch: arrays and tensors on the current device, all else as it is."""
    if isinstance(leaf, (np.ndarray, np.generic)):
        return paddle.to_tensor(leaf)
    place = paddle.framework._current_expected_place()
    if isinstance(leaf, paddle.Tensor) and not leaf.place._equals(place):
        return leaf._copy_to(place, True)
    return leaf
