"""The batch that the user did not make: from flags, from ``InputSpec``, or a stated guess."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import paddle

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import TensorRequest

IMAGE_SIDE = 224
SEQUENCE_LENGTH = 512
_OLD_NAMES = {"fp16": "float16", "fp32": "float32", "fp64": "float64", "bf16": "bfloat16"}
"""What programs of Paddle 2 call types."""

_FLOATING = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True, slots=True)
class Guess:
    """What the inputs are taken to be, the sentence that says so, and what to try otherwise."""

    inputs: tuple[TensorRequest, ...]
    assumption: str
    hint: str


def sample(request: TensorRequest, batch_size: int) -> paddle.Tensor:
    """A random tensor ``[batch_size, *request.shape]``, made on the current device.

    Floating values are standard normal; integers lie in [0, classes), or are 0 and 1.
    """
    shape = [batch_size, *request.shape]
    if request.dtype in ("float32", "float64"):
        return paddle.randn(shape, request.dtype)
    if request.dtype in _FLOATING:
        return paddle.randn(shape).astype(request.dtype)
    integers = paddle.randint(0, request.classes or 2, shape, "int64")
    return integers if request.dtype == "int64" else integers.astype(request.dtype)


def tensors_in(structure: object) -> Iterator[paddle.Tensor]:
    """The tensors of nested tuples, lists and dicts, in order."""
    return (leaf for leaf in paddle.utils.flatten(structure) if isinstance(leaf, paddle.Tensor))


def batch_bytes(batch: object) -> int:
    """Bytes of all tensors of a batch."""
    return sum(tensor.size * tensor.element_size() for tensor in tensors_in(batch))


class StepBatch:
    """The batch of one step after the other: the same again, while steps leave it as it was.

    A training loop has a new one for every step; to make that takes longer than most dry steps. But
    where a model changes its inputs in place, such as boxes that it scales, the next step must not
    find them changed.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._batch: Any = None
        self._state: list[tuple[str, int]] | None = None

    def take(self) -> Any:
        """The batch for the next step."""
        if self._state is None or self._state != self._state_now():
            self._batch = None  # gone before the new one is there
            self._batch = self._make()
            self._state = self._state_now()
        return self._batch

    def _state_now(self) -> list[tuple[str, int]]:
        return [(t.name, t.inplace_version) for t in tensors_in(self._batch)]


def requests_of(specs: Sequence[Any] | None, flag: str) -> tuple[TensorRequest, ...]:
    """What the ``InputSpec`` of a ``paddle.Model`` ask for, without the batch dimension."""
    return tuple(_request_of(spec, flag) for spec in specs or ())


def guess_inputs(network: paddle.nn.Layer, where: str) -> Guess:
    """What ``network`` takes, judged by its first layer that has parameters.

    Raises BadInput at ``where``, with the flag to add, if ``forward`` takes several inputs or
    the first layer does not tell.
    """
    needed = _required_inputs(network)
    name = type(network).__name__
    if len(needed) > 1:
        what = sentence(
            "{name}.forward takes {needed}, and nothing says what they are",
            name=name,
            needed=tuple(needed),
        )
        raise _ask_for_inputs(what, where)
    first = next((layer for layer in network.sublayers(include_self=True) if _own(layer)), None)
    request = _first_input(first)
    if request is None:
        what = sentence("nothing says what {name}.forward takes", name=name)
        raise _ask_for_inputs(what, where)
    shape = "x".join(str(size) for size in request.shape)
    guess = f"{shape}:{request.dtype}"
    kind = type(first).__name__
    return Guess(
        inputs=(request,),
        assumption=sentence(
            "the input is taken to be {guess}, because the first layer is a {kind}",
            guess=guess,
            kind=kind,
        ),
        hint=sentence(
            "--input SHAPE:DTYPE if {guess}, which is a guess, does not fit", guess=guess
        ),
    )


def _ask_for_inputs(what: str, where: str) -> BadInput:
    return BadInput(
        what,
        where=where,
        hint=sentence(
            "--input SHAPE:DTYPE once for each input, such as --input 3x224x224:float32, "
            "or in the model file, def example_batch(batch_size): return inputs, labels"
        ),
    )


def _request_of(spec: Any, flag: str) -> TensorRequest:
    shape = tuple(spec.shape[1:])
    name = spec.dtype.name.lower()
    dtype = _OLD_NAMES.get(name, name)
    if any(size is None or size < 0 for size in shape):
        what = sentence(
            "InputSpec '{name}' leaves the shape {shape} open",
            name=spec.name,
            shape=str(list(spec.shape)),
        )
        raise BadInput(what, hint=f"{flag} SHAPE:{dtype}")
    return TensorRequest(shape, dtype)


def _required_inputs(network: paddle.nn.Layer) -> list[str]:
    parameters = inspect.signature(network.forward).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional and p.default is p.empty]


def _own(layer: paddle.nn.Layer) -> bool:
    return bool(layer.parameters(include_sublayers=False))


def _first_input(layer: paddle.nn.Layer | None) -> TensorRequest | None:
    """Per sample, what a first layer of a known kind takes."""
    if isinstance(layer, paddle.nn.Conv2D):
        return TensorRequest((layer._in_channels, IMAGE_SIDE, IMAGE_SIDE), "float32")
    if isinstance(layer, paddle.nn.Embedding):
        return TensorRequest((SEQUENCE_LENGTH,), "int64", layer.weight.shape[0])
    if isinstance(layer, paddle.nn.Linear):
        return TensorRequest((layer.weight.shape[0],), "float32")
    return None
