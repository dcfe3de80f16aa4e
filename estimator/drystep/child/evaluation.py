"""One evaluation pass of a trained model: the user's ``eval_step``, or a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import paddle

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.model_file import RunFile
from estimator.drystep.child.steps import InferenceStep
from estimator.drystep.child.user_code import user_code
from estimator.drystep.measurement import Precision


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a model is evaluated.

    fixed_batch_size: the user's own, None where it is that of training, which is that of a
    micro-batch where there are several. make_batch: makes a batch of that many samples on the
    current device.
    """

    file: RunFile
    model: paddle.nn.Layer
    precision: Precision
    fixed_batch_size: int | None
    make_batch: Callable[[int], Any]
    micro_batches: int = 1

    @property
    def is_asked_for(self) -> bool:
        """Whether the user said anything of evaluation."""
        hooks = (self.file.example_eval_batch, self.file.eval_step)
        return self.fixed_batch_size is not None or any(hooks)

    def batch_size(self, of_training: int) -> int:
        """Samples of an evaluation batch, given those of a training batch."""
        return self.fixed_batch_size or -(-of_training // self.micro_batches)

    def run(self, batch: Any) -> bool:
        """One pass in evaluation mode. Returns whether the model's outputs keep gradients.

        Raises UserCodeFailed and MemoryError.
        """
        with _in_evaluation(self.model), user_code(self.file.path), _watched(self.model) as kept:
            if self.file.eval_step is not None:
                self.file.eval_step(self.model, batch)
            else:
                InferenceStep(self.model, self.precision)(batch)
        return any(kept)

    def repeat(self, of_training: int) -> None:
        """One pass as it comes behind training steps of that batch size."""
        self.run(self.make_batch(self.batch_size(of_training)))


@contextmanager
def _in_evaluation(model: paddle.nn.Layer) -> Iterator[None]:
    """Evaluation mode; afterwards each layer is in the mode that it was in."""
    modes = [(layer, layer.training) for layer in model.sublayers(include_self=True)]
    model.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


@contextmanager
def _watched(model: paddle.nn.Layer) -> Iterator[list[bool]]:
    """For each call of the model, whether its outputs hold on to the graph of gradients."""
    kept: list[bool] = []

    def note(_: object, __: object, outputs: object) -> None:
        kept.append(any(not tensor.is_leaf for tensor in tensors_in(outputs)))

    hook = model.register_forward_post_hook(note)
    try:
        yield kept
    finally:
        hook.remove()
