"""Which layer, and which line of the user's code, one launch of a step belongs to.

In a forward pass that is the layer being run. In a backward pass it is the layer whose forward
pass made the node of Paddle's graph that is running: nodes are claimed for a layer when its call
ends, by walking the graph from its outputs. A sum of two gradients belongs to the node that
ran before it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import paddle
from paddle.base import core

from estimator.drystep.child.batches import tensors_in
from estimator.drystep.child.virtual import VirtualGpu
from estimator.drystep.measurement import PeakAt, Phase
from estimator.drystep.places import is_user_file, place
from estimator.messages import sentence
from estimator.values import Missing

_OUTSIDE = Missing(sentence("outside of the model's layers, such as in the loss"))
_OPTIMIZER = Missing(sentence("an optimizer works on the parameters of all layers"))
_NOT_THE_USERS = Missing(sentence("no line of the user's own code was being run there"))
_NOT_SEEN = Missing(sentence("the launch was not seen again when the step was repeated"))

Where = tuple[str, int]
"""A file and a line."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """What gradient nodes belong to: a layer call, or None outside of every layer.

    ``where`` is the user's line that was running when the nodes were found; ``is_line_of_node``
    says that no other line of the user's can have made them.
    """

    layer: paddle.nn.Layer | None
    where: Where | None
    is_line_of_node: bool


@dataclass(slots=True)
class _Found:
    """What has been learnt of the launch; ``node`` is 0 outside of a backward pass."""

    kernel: str = ""
    owner: _Owner | None = None
    node: int = 0


def locate(
    gpu: VirtualGpu, model: paddle.nn.Layer, phase: str, part: Phase, repeat: Callable[[], None]
) -> PeakAt | Missing:
    """Where the snapshot's launch of ``repeat`` comes from; ``part`` is known of it already.

    ``repeat`` runs the step once more with a snapshot of that launch; a second time, line by line,
    where the layer's own code has several lines that could have made the node.
    """
    names = {id(layer): name for name, layer in model.named_sublayers()}
    search = Search(gpu, names, part)
    with search.watching():
        repeat()
    if not search.needs_lines:
        return search.peak_at(phase)
    lines = Search(gpu, names, part)
    with lines.watching(), lines.line_by_line():
        repeat()
    return search.peak_at(phase, lines)


class Search:
    """Watches one run of a step for the launch of its snapshot.

    names: the paths of the model's layers, by identity. part: where the launch is known to be.
    """

    def __init__(self, gpu: VirtualGpu, names: Mapping[int, str], part: Phase) -> None:
        self.found = _Found()
        self._gpu = gpu
        self._part = part
        self._names = names
        self._running: list[paddle.nn.Layer] = []
        self._owners: dict[int, _Owner] = {}
        self._alive: dict[int, Any] = {}

    @property
    def needs_lines(self) -> bool:
        """Whether the user's line can only be told by running the step again, line by line."""
        found = self.found
        return bool(found.owner and found.node and not found.owner.is_line_of_node)

    def peak_at(self, phase: str, lines: Search | None = None) -> PeakAt | Missing:
        """What was found; ``lines`` has looked again, line by line."""
        found, owner = self.found, (lines or self).found.owner
        if not found.kernel:
            return _NOT_SEEN
        layer = _OPTIMIZER if self._part is Phase.OPTIMIZER else self.name_of(found.owner)
        where = owner.where if owner else None
        if where is None:
            return PeakAt(phase, self._part, layer, found.kernel, _NOT_THE_USERS, _NOT_THE_USERS)
        return PeakAt(phase, self._part, layer, found.kernel, place(where[0], None), where[1])

    def name_of(self, owner: _Owner | None) -> str | Missing:
        """The path of a layer; the class of one that is no part of the model, or is all of it."""
        if owner is None or owner.layer is None:
            return _OUTSIDE
        return self._names.get(id(owner.layer), "") or type(owner.layer).__name__

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hear of layer calls, of the backward pass and of the snapshot."""
        with ExitStack() as stack:
            stack.enter_context(_replaced(paddle.nn.Layer, "__call__", self._call))
            stack.enter_context(_replaced(core.eager, "run_backward", self._backward))
            stack.enter_context(self._gpu.at_snapshot(self._at_launch))
            yield

    @contextmanager
    def line_by_line(self) -> Iterator[None]:
        """Claim nodes after each line of the user's code for that line; takes its time."""
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            yield
        finally:
            sys.settrace(before)

    def _call(self, original: Callable[..., Any], layer: Any, *args: Any, **kwargs: Any) -> Any:
        self._claim((args, kwargs), sys._getframe(1))  # computed by the caller, so the caller's
        self._running.append(getattr(layer, "recomputed_block", layer))
        try:
            outputs = original(layer, *args, **kwargs)
            self._claim(outputs, sys._getframe(1))
            return outputs
        finally:
            self._running.pop()

    def _backward(self, original: Callable[..., Any], tensors: Any, *args: Any) -> Any:
        self._claim(tensors, sys._getframe(1))
        self._alive.clear()  # nodes go now, and new ones may stand in their place
        return original(tensors, *args)

    def _claim(self, structure: Any, at: FrameType | Where | None) -> None:
        """Give the nodes behind these tensors that nobody has to the layer being run."""
        if self._part is not Phase.BACKWARD:
            return
        owner: _Owner | None = None
        waiting = [t.grad_fn for t in tensors_in(structure) if not t.stop_gradient]
        while waiting:
            node = waiting.pop()
            if node is None or node.node_ptr() in self._alive:
                continue
            owner = owner or self._owner(at)
            self._owners[node.node_ptr()] = owner
            self._alive[node.node_ptr()] = node
            waiting += node.next_functions

    def _owner(self, at: FrameType | Where | None) -> _Owner:
        layer = self._running[-1] if self._running else None
        code = getattr(inspect.unwrap(layer.forward), "__code__", None) if layer else None
        is_users = layer is None or code is None or is_user_file(code.co_filename)
        where = at if isinstance(at, tuple) else _users_line(at)
        return _Owner(layer, where, not is_users)

    def _at_launch(self, kernel: str) -> None:
        self.found.kernel = kernel
        if self._running or self._part is not Phase.BACKWARD:
            self.found.owner = self._owner(sys._getframe(1))
        else:
            self.found.node = self._gpu.running_node()
            self.found.owner = self._owners.get(self.found.node)

    def _trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """Python's trace function: follows the calls of the user's own functions."""
        if event != "call" or not is_user_file(frame.f_code.co_filename):
            return None
        self._claim(_tensors_of(frame), frame.f_back)  # arguments, which the caller computed
        line = frame.f_lineno

        def after_line(frame: FrameType, event: str, returned: Any) -> Any:
            nonlocal line
            held = [*_tensors_of(frame), returned] if event == "return" else _tensors_of(frame)
            self._claim(held, (frame.f_code.co_filename, line))
            line = frame.f_lineno
            return after_line

        return after_line


def _tensors_of(frame: FrameType) -> list[Any]:
    """The local variables that are tensors or hold some."""
    kinds = (paddle.Tensor, list, tuple, dict)
    return [value for value in frame.f_locals.values() if isinstance(value, kinds)]


def _users_line(frame: FrameType | None) -> Where | None:
    """The user's innermost line at or outside of ``frame``."""
    while frame is not None:
        if is_user_file(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None


@contextmanager
def _replaced(owner: Any, name: str, around: Callable[..., Any]) -> Iterator[None]:
    """Have ``around(original, *args, **kwargs)`` called for ``owner.name`` in this context."""
    original = getattr(owner, name)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        setattr(owner, name, original)
