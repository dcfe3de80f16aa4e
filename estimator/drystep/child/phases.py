"""Which part of a training step the engine is in, whoever wrote the step."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol

import paddle
from paddle.base import core
from paddle.distributed.fleet.meta_optimizers import dygraph_optimizer

from estimator.drystep.measurement import Phase


class PhaseListener(Protocol):
    """What hears of the phases of a step."""

    def enter(self, phase: Phase) -> None:
        """All that follows, up to the next call, belongs to ``phase``."""
        ...

    def before_update(self) -> None:
        """An optimizer is about to use the gradients, which are complete and still there."""
        ...


@contextmanager
def watch_phases(model: paddle.nn.Layer, listener: PhaseListener) -> Iterator[None]:
    """Tell ``listener`` of the phases of every step that runs inside this context.

    A forward pass begins when ``model`` is called, a backward pass when Paddle's engine is
    entered, an update when an optimizer or a gradient scaler steps. What runs between the
    backward pass and the update, such as clipping by hand, counts as backward; the forward part
    of recomputation runs inside the backward pass and counts as such.
    """
    watch = _Watch(listener)
    with ExitStack() as stack:
        stack.callback(model.register_forward_pre_hook(watch.forward).remove)
        stack.enter_context(_wrapped(core.eager, "run_backward", watch.backward))
        for owner, name in updating_methods():
            stack.enter_context(_wrapped(owner, name, watch.update))
        listener.enter(Phase.FORWARD)
        yield


class _Watch:
    """The phase we are in. An update may hold a backward pass (LBFGS), not the reverse."""

    def __init__(self, listener: PhaseListener) -> None:
        self._listener = listener
        self._in_backward = False
        self._in_update = False

    def forward(self, *_: object) -> None:
        if not self._in_backward and not self._in_update:
            self._listener.enter(Phase.FORWARD)

    def backward(self, run: Callable[[], Any]) -> Any:
        outer, self._in_backward = self._in_backward, True
        self._listener.enter(Phase.BACKWARD)
        try:
            return run()
        finally:
            self._in_backward = outer
            if self._in_update:
                self._listener.enter(Phase.OPTIMIZER)

    def update(self, run: Callable[[], Any]) -> Any:
        if self._in_update:
            return run()
        self._listener.before_update()
        self._in_update = True
        self._listener.enter(Phase.OPTIMIZER)
        try:
            return run()
        finally:
            self._in_update = False
            self._listener.enter(Phase.FORWARD)


@contextmanager
def _wrapped(owner: Any, name: str, around: Callable[[Callable[[], Any]], Any]) -> Iterator[None]:
    """Have ``around`` call the function ``owner.name``, in this context only."""
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(lambda: original(*args, **kwargs))

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        setattr(owner, name, original)


def updating_methods() -> Iterator[tuple[type, str]]:
    """Every ``step`` and ``minimize`` of Paddle's and the user's optimizers and scalers.

    Fleet's optimizers around another one are no subclasses of Paddle's.
    """
    waiting: list[type] = [
        paddle.optimizer.Optimizer,
        paddle.amp.AmpScaler,
        *(kind for kind in vars(dygraph_optimizer).values() if isinstance(kind, type)),
    ]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield from ((kind, name) for name in ("step", "minimize") if name in vars(kind))
