"""Which other ways of running a model are worth a try."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from estimator.drystep.measurement import Precision
from estimator.messages import sentence
from estimator.values import Missing
from estimator.workload.types import OptionValue, TensorRequest, Workload

SMALLER_INPUT = 0.75
"""Side of the smaller input, as a share of the asked one."""

OPTIMIZERS = ("SGD", "Momentum", "Adam", "AdamW", "Lamb")
MICRO_BATCHES = (2, 4, 8)

_SIZE_OPTIONS = ("size", "image_size", "img_size", "input_size", "crop_size", "resolution")
_LENGTH_OPTIONS = ("seq_length", "seq_len", "sequence_length", "max_seq_length", "max_length")
_GRID = 32
"""Sides of images stay multiples of it: what networks for images divide by in all."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A way to run the model. ``flags``: what makes it so on the command line, or in the file."""

    flags: str
    workload: Workload


def variants_of(asked: Workload, batch_size: int) -> tuple[Variant | Missing, ...]:
    """Other precisions, recompute, micro-batches, a smaller input and other optimizers.

    ``asked`` is as the user wants it at ``batch_size`` per device; what it has already is left
    out. Missing says why there is no smaller input.
    """
    base = replace(asked, per_device_batch_size=batch_size)
    if base.inference:
        return (*_precisions(base), _smaller_input(base))
    return (
        *_precisions(base),
        *_micro_batches(base, batch_size),
        _smaller_input(base),
        *_optimizers(base),
        # Last: what Paddle leaks where recompute runs out of memory must not touch the others.
        *_recompute(base),
    )


def _precisions(base: Workload) -> Iterator[Variant]:
    own = base.precision or Precision()
    for level in ("O1", "O2"):
        for dtype in ("float16", "bfloat16"):
            precision = Precision(level, dtype)
            if precision != own:
                flags = f"--amp {level} --amp-dtype {dtype}"
                yield Variant(flags, replace(base, precision=precision))


def _recompute(base: Workload) -> Iterator[Variant]:
    if not base.recompute:
        yield Variant("--recompute", replace(base, recompute=True))


def _micro_batches(base: Workload, batch_size: int) -> Iterator[Variant]:
    for parts in MICRO_BATCHES:
        if base.accumulate < parts <= batch_size and batch_size % parts == 0:
            yield Variant(f"--accumulate {parts}", replace(base, accumulate=parts))


def _optimizers(base: Workload) -> Iterator[Variant]:
    for name in OPTIMIZERS:
        yield Variant(f"paddle.optimizer.{name}", replace(base, optimizer=name))


def _smaller_input(base: Workload) -> Variant | Missing:
    """By an option of the user's that is a size, else by ``--input``."""
    for key, value in base.options.items():
        smaller = _smaller_option(key, value)
        if smaller is not None:
            options = {**base.options, key: smaller}
            return Variant(f"-o {key}={smaller}", replace(base, options=options))
    inputs = tuple(map(_smaller_tensor, base.inputs))
    if inputs != base.inputs:
        flags = " ".join(f"--input {_words(tensor)}" for tensor in inputs)
        return Variant(flags, replace(base, inputs=inputs))
    return Missing(
        sentence(
            "a smaller input was not run: nothing says how to make one; give --input SHAPE:DTYPE, "
            "or an option of the model file such as -o image_size=224"
        )
    )


def _smaller_option(key: str, value: OptionValue) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    if key in _SIZE_OPTIONS and value > _GRID:
        return _smaller_side(value)
    if key in _LENGTH_OPTIONS and value > 1:
        return math.ceil(value * SMALLER_INPUT)
    return None


def _smaller_tensor(tensor: TensorRequest) -> TensorRequest:
    """An image with smaller sides; anything else as it is."""
    if len(tensor.shape) != 3 or min(tensor.shape[1:]) <= _GRID:
        return tensor
    channels, *sides = tensor.shape
    return replace(tensor, shape=(channels, *map(_smaller_side, sides)))


def _smaller_side(side: int) -> int:
    return max(_GRID, round(side * SMALLER_INPUT / _GRID) * _GRID)


def _words(tensor: TensorRequest) -> str:
    return f"{'x'.join(map(str, tensor.shape))}:{tensor.dtype}"
