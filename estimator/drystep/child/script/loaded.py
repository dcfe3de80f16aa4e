"""Which of a script's loaders gives what, batch by batch."""

from __future__ import annotations

from collections import Counter
from typing import Any

from estimator.drystep.child import statistics
from estimator.drystep.child.batches import batch_bytes, tensors_in
from estimator.drystep.child.blocks import Blocks, blocks_of
from estimator.drystep.child.script.hooks import LoaderInUse
from estimator.drystep.child.script.seen import StepSeen
from estimator.drystep.child.script.template import (
    Template,
    batch_size_of,
    shapes_of,
    template_of,
)
from estimator.drystep.child.script.timing import sample_cost
from estimator.drystep.loader import LoaderSeen, SampleCost
from estimator.messages import sentence
from estimator.values import Missing

_NO_LOADER = sentence("the script takes its batches from no DataLoader")
_SYNTHETIC = Missing(sentence("its samples are synthetic"))
_NOT_TIMED = Missing(sentence("it was not timed before its first batch"))


class Batches:
    """Which loader gives what, and which of them feeds the training."""

    def __init__(self) -> None:
        self.current_loader: int | None = None
        self.train_loader: int | None = None
        self.blocks: Blocks = {}
        self.template: Template | str = _NO_LOADER
        self.of_a_step = (1, 1)
        self.declared: int | None = None
        self._largest = -1
        self._last = Last()
        self._whole = 0
        self._given = 0
        self._loads: Counter[int] = Counter()
        self._is_called = False
        self._maybe: set[int] = set()
        self.trains: set[int] = set()
        self._passes = 0
        self._feeding: Any = None
        self._costs: dict[int, SampleCost | Missing] = {}

    def time(self, loader: LoaderInUse, *, is_synthetic: bool) -> None:
        """Time a loader that may turn out to feed the training, before its first batch."""
        if self.train_loader is None and loader.number not in self._costs and not loader.given:
            cost = _SYNTHETIC if is_synthetic else sample_cost(loader.loader)
            self._costs[loader.number] = cost

    @property
    def loader(self) -> LoaderSeen | Missing:
        """The loader that feeds the training."""
        if self.train_loader is None or self._feeding is None:
            return Missing(_NO_LOADER)
        return LoaderSeen(
            workers=self._feeding.num_workers,
            prefetch_factor=self._feeding.prefetch_factor,
            shared_memory=self._feeding.use_shared_memory,
            cost=self._costs.get(self.train_loader, _NOT_TIMED),
        )

    def loaded(self, loader: LoaderInUse, batch: Any, size: int | None) -> None:
        """``loader`` gives ``batch``: one of its own, or one of ``size`` samples in its place."""
        self.current_loader = loader.number
        loaded = size is None
        if size is None:
            size = batch_size_of(batch, loader.declared_batch_size)
        self._last = Last(size, batch_bytes(batch), shapes_of(batch))
        self._loads[loader.number] += 1
        if self.trains and loader.number not in self.trains:
            return
        self.blocks = blocks_of(tensors_in(batch))
        if self.train_loader not in (None, loader.number):
            return
        self._given += size
        self._feeding = loader.loader
        self.declared = loader.declared_batch_size
        if loaded and self._last.bytes > self._largest:
            self._largest = self._last.bytes
            try:
                self.template = template_of(batch, size)
            except TypeError as error:
                self.template = str(error)

    def called(self) -> None:
        """A layer is called in training on what the current loader gave."""
        if self.current_loader is not None:
            self._maybe.add(self.current_loader)

    def direct(self, inputs: tuple[Any, ...]) -> None:
        """The model is called; where no loader was used, its inputs tell the batch.

        Of several calls in a step it is the largest: points on a boundary come beside those within.
        """
        if self.current_loader is not None:
            return
        found = list(inputs)
        nbytes = batch_bytes(found)
        if self._is_called and nbytes <= self._last.bytes:
            return
        self._is_called = True
        self._last = Last(batch_size_of(found, None), nbytes, shapes_of(found))
        self.blocks = blocks_of(tensors_in(found))

    def whole(self, batch: Any) -> None:
        """A pipeline stage is given the batch of a whole step, where no loader gave it."""
        if self.current_loader is None:
            self._whole = batch_size_of(batch, None)

    def trained(self) -> None:
        """A backward pass runs on what was loaded."""
        if self.current_loader is not None:
            self.trains |= self._maybe | {self.current_loader}
            if self.train_loader is None:
                self.train_loader = self.current_loader
        self._maybe.clear()
        self._passes += 1

    def size_of(self, inputs: tuple[Any, ...]) -> int:
        """The batch size of an evaluation."""
        if self.current_loader is not None:
            return self._last.size
        return batch_size_of(list(inputs), None)

    def step(self, optimizers: int) -> StepSeen:
        """What an optimizer step that has just ended was made of.

        Without a loader each backward pass was of another batch, unless several optimizers work on
        parts of one.
        """
        alone = optimizers == 1 and not self._whole
        batches = max(self._loads.values(), default=self._passes if alone else 1)
        samples = self._given or self._whole or self._last.size * self._passes
        self.of_a_step = (samples, max(1, self._passes))
        self._given = self._whole = self._passes = 0
        self._loads.clear()
        self._is_called = False
        return StepSeen(
            peak_allocated_bytes=statistics.peak_allocated_bytes(),
            peak_reserved_bytes=statistics.peak_reserved_bytes(),
            batch_size=self._last.size,
            batch_bytes=self._last.bytes,
            shapes=self._last.shapes,
            batches=max(1, batches),
        )


class Last:
    """The last batch, without its tensors."""

    def __init__(self, size: int = 1, nbytes: int = 0, shapes: Any = ()) -> None:
        self.size, self.bytes, self.shapes = size, nbytes, shapes
