"""Where a script passes on its way through Paddle, and who hears of it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import paddle
from paddle.base import core
from paddle.distributed.fleet import meta_parallel
from paddle.distributed.fleet.meta_optimizers import dygraph_optimizer

from estimator.drystep.child.phases import updating_methods


class Listener(Protocol):
    """Hears of what the script does."""

    def forward(self, layer: paddle.nn.Layer, inputs: tuple[Any, ...]) -> None:
        """A layer is called that no other layer has called."""

    def forward_done(self, layer: paddle.nn.Layer, outputs: Any) -> None:
        """It has returned."""

    def backward(self) -> None:
        """A backward pass begins."""

    def update(self) -> None:
        """An optimizer, or a scaler on its behalf, is about to use the gradients."""

    def updated(self, optimizer: Any) -> None:
        """It has."""

    def made(self, optimizer: Any) -> None:
        """The script has made an optimizer."""

    def executed(self, program: Any) -> None:
        """A program of a static graph is about to be run."""

    def pipeline(self, layer: paddle.nn.Layer, batch: Any) -> None:
        """A pipeline stage is about to train ``layer`` on the micro-batches of a batch."""

    def before_batch(self, loader: LoaderInUse) -> None:
        """A loader is asked for a batch. StopIteration ends its epoch."""

    def batch(self, loader: LoaderInUse) -> Any:
        """The batch that it gives."""

    def shortened(self, length: int) -> int:
        """How many batches a loader of ``length`` says it has."""


def listen(listener: Listener) -> None:
    """Tell ``listener`` from now on; it cannot be undone."""
    _hook_forward(listener)
    updates = _Updates(listener)
    updates.find()
    _hook_backward(listener, updates)
    _hook_making(listener)
    _hook_programs(listener)
    _hook_pipelines(listener)
    _hook_loaders(listener)


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Call ``around(original, *args, **kwargs)`` wherever ``owner.name`` is called."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    setattr(owner, name, wrapper)


class _Depth:
    """Whether a layer is being called, or a backward pass run, which calls layers to recompute."""

    inside = False
    in_backward = False


def _hook_forward(listener: Listener) -> None:
    def call(original: Any, layer: paddle.nn.Layer, *args: Any, **kwargs: Any) -> Any:
        if _Depth.inside or not paddle.in_dynamic_mode():  # there it is built, not run
            return original(layer, *args, **kwargs)
        _Depth.inside = True
        try:
            listener.forward(layer, (*args, *kwargs.values()))
            outputs = original(layer, *args, **kwargs)
            listener.forward_done(layer, outputs)
            return outputs
        finally:
            _Depth.inside = False

    _wrap(paddle.nn.Layer, "__call__", call)


def _hook_backward(listener: Listener, updates: _Updates) -> None:
    def run(original: Any, *args: Any, **kwargs: Any) -> Any:
        if _Depth.in_backward:  # of a recomputed part
            return original(*args, **kwargs)
        updates.find()
        outer, _Depth.inside, _Depth.in_backward = _Depth.inside, True, True
        listener.backward()
        try:
            return original(*args, **kwargs)
        finally:
            _Depth.inside, _Depth.in_backward = outer, False

    _wrap(core.eager, "run_backward", run)


class _Updates:
    """The steps of optimizers and scalers, also of classes that the script makes later."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._known: set[tuple[type, str]] = set()
        self._inside = False

    def find(self) -> None:
        """Hook what has not been hooked."""
        for owner, name in updating_methods():
            if (owner, name) not in self._known:
                self._known.add((owner, name))
                _wrap(owner, name, self._update)

    def _update(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        if self._inside:
            return original(*args, **kwargs)
        self._inside = True
        try:
            self._listener.update()
            result = original(*args, **kwargs)
        finally:
            self._inside = False
        self._listener.updated(_optimizer_in(args))
        return result


_SCALERS = (paddle.amp.AmpScaler, dygraph_optimizer.HybridParallelGradScaler)


def _optimizer_in(arguments: tuple[Any, ...]) -> Any:
    """The optimizer of ``optimizer.step()`` and of ``scaler.step(optimizer)``, the outermost."""
    first = arguments[0]
    if isinstance(first, _SCALERS) and len(arguments) > 1:
        first = arguments[1]
    return first


def _hook_making(listener: Listener) -> None:
    def make(original: Any, optimizer: Any, *args: Any, **kwargs: Any) -> None:
        original(optimizer, *args, **kwargs)
        listener.made(optimizer)

    _wrap(paddle.optimizer.Optimizer, "__init__", make)


def _hook_programs(listener: Listener) -> None:
    def run(original: Any, executor: Any, program: Any = None, *args: Any, **kwargs: Any) -> Any:
        listener.executed(program or paddle.static.default_main_program())
        return original(executor, program, *args, **kwargs)

    _wrap(paddle.static.Executor, "run", run)


def _hook_pipelines(listener: Listener) -> None:
    def train(original: Any, stage: Any, data: Any, *args: Any, **kwargs: Any) -> Any:
        listener.pipeline(stage._layers, data)
        return original(stage, data, *args, **kwargs)

    for kind in (meta_parallel.PipelineParallel, meta_parallel.PipelineParallelWithInterleave):
        _wrap(kind, "train_batch", train)


class LoaderInUse:
    """One pass over a DataLoader. Its own iterator is made when a batch is really loaded.

    number: which loader of the script it is, in the order of their first use.
    """

    _numbers: dict[int, int] = {}
    _kept: list[Any] = []  # so that no other loader gets the identity of one that is gone

    def __init__(
        self, loader: Any, make_iterator: Callable[[], Iterator[Any]], listener: Listener
    ) -> None:
        self.loader = loader
        self.given = 0
        self._make_iterator = make_iterator
        self._iterator: Iterator[Any] | None = None
        self._listener = listener

    @property
    def number(self) -> int:
        if id(self.loader) not in self._numbers:
            self._kept.append(self.loader)
            self._numbers[id(self.loader)] = len(self._numbers)
        return self._numbers[id(self.loader)]

    @property
    def declared_batch_size(self) -> int | None:
        """What the loader or its sampler says."""
        sampler = getattr(self.loader, "batch_sampler", None)
        sizes = (getattr(sampler, "batch_size", None), getattr(self.loader, "batch_size", None))
        return next((size for size in sizes if isinstance(size, int)), None)

    @property
    def length(self) -> int:
        """How many batches the loader says it has; 0 where it does not know."""
        try:
            return len(self.loader)
        except (TypeError, ValueError):  # of an IterableDataset
            return 0

    def load(self) -> Any:
        """The next batch of the script's own data, on the device that the loader is for."""
        batch = next(self._own())
        places = self.loader.places
        return _moved(batch, places[0]) if places else batch

    def _own(self) -> Iterator[Any]:
        if self._iterator is None:
            self._iterator = self._make_iterator()
        return self._iterator

    def __iter__(self) -> LoaderInUse:
        return self

    def __next__(self) -> Any:
        self._listener.before_batch(self)
        batch = self._listener.batch(self)
        self.given += 1
        return batch

    def __len__(self) -> int:
        return len(self.loader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own(), name)


def _moved(batch: Any, place: Any) -> Any:
    """The same structure with its tensors on a device."""
    if isinstance(batch, paddle.Tensor):
        return batch._copy_to(place, True)
    if isinstance(batch, dict):
        moved = copy.copy(batch)
        moved.update((key, _moved(value, place)) for key, value in batch.items())
        return moved
    if type(batch) in (list, tuple):
        return type(batch)(_moved(value, place) for value in batch)
    return batch


def _iterator_of(original: Any, loader: Any) -> Iterator[Any]:
    """Its own iterator, which keeps the batches ahead in host memory.

    So does a CUDA build, in page-locked memory (``DataLoader.pin_memory``, and ``pin_memory_`` in
    paddle/phi/core/operators/reader/buffered_reader.cc); on any other device Paddle keeps them
    there. Logs of PaddleOCR on a GPU show no batch ahead (tests/accuracy/published.py).
    """
    places, loader.places = loader.places, [paddle.CPUPlace()]
    try:
        return iter(original(loader))
    finally:
        loader.places = places


def _hook_loaders(listener: Listener) -> None:
    def iterate(original: Any, loader: Any) -> LoaderInUse:
        return LoaderInUse(loader, lambda: _iterator_of(original, loader), listener)

    _wrap(paddle.io.DataLoader, "__iter__", iterate)
    _wrap(
        paddle.io.DataLoader,
        "__len__",
        lambda original, loader: listener.shortened(original(loader)),
    )
