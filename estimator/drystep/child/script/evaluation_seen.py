"""An evaluation that a script runs between its training steps."""

from __future__ import annotations

import traceback
from typing import Any

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.script.recorder import PeakFinder
from estimator.drystep.child.script.seen import EvaluationSeen
from estimator.drystep.measurement import NOT_LOCATED
from estimator.drystep.places import is_user_file, place


class Evaluation:
    """An evaluation pass while it runs."""

    def __init__(self, batch_size: int, finder: PeakFinder | None) -> None:
        self._batch_size = batch_size
        self._finder = finder
        self._peaks = (0, 0)
        self.running = True
        self.batches = 1
        self.keeps_gradients_at = ""
        self.ended_early = False

    def next_pass(self) -> None:
        """A model is about to be called once more."""
        if self._finder is not None and self.running:
            self._finder.next_pass()

    def stop(self) -> None:
        if self.running:
            self.running = False
            if self._finder is not None:
                self._finder.stop()
            self._peaks = statistics.peak_allocated_bytes(), statistics.peak_reserved_bytes()

    def seen(self) -> EvaluationSeen:
        allocated, reserved = self._peaks
        return EvaluationSeen(
            peak_allocated_bytes=allocated,
            peak_reserved_bytes=reserved,
            batch_size=self._batch_size,
            batches=self.batches,
            keeps_gradients_at=self.keeps_gradients_at,
            ended_early=self.ended_early,
            peak_at=self._finder.peak_at if self._finder else NOT_LOCATED,
        )

    def passed(self, layer: paddle.nn.Layer, outputs: Any) -> None:
        """A layer has been called: note where it keeps what only a backward pass would need."""
        if not self.running or self.keeps_gradients_at:
            return
        if paddle.is_grad_enabled() and layer.parameters() and _needs_gradient(outputs):
            self.keeps_gradients_at = user_place()


def _needs_gradient(outputs: Any) -> bool:
    return any(not tensor.stop_gradient for tensor in tensors_in(outputs))


def user_place() -> str:
    """``file:line`` of the innermost frame of the user's code that we are called from."""
    for frame, line in traceback.walk_stack(None):
        if is_user_file(frame.f_code.co_filename):
            return place(frame.f_code.co_filename, line)
    return ""
