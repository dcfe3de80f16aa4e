"""A batch of the script's own loader, kept so that it can be made again at any batch size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle

_MOST_KEPT_BYTES = 1 << 20
"""Values of larger floating-point tensors are not kept: they decide no shape."""

_MOST_COPIED_BYTES = 16 << 20
"""Of a larger copy no value reaches the virtual GPU (``kLargestRealCopy`` in device_memory.cc)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A tensor of the batch: shape and dtype name, and its values where they are kept."""

    shape: tuple[int, ...]
    dtype: str
    on_host: bool
    values: np.ndarray[Any, Any] | None

    def resized(self, per_sample: bool, batch_size: int) -> paddle.Tensor:
        """The tensor with ``batch_size`` samples, the ones it has over and over again."""
        shape = (batch_size, *self.shape[1:]) if per_sample else self.shape
        if self.values is None:
            return paddle.zeros(shape, self.dtype)
        if not self.on_host and math.prod(shape) * self.values.itemsize > _MOST_COPIED_BYTES:
            return paddle.empty(shape, self.dtype)  # repeating values that nobody reads takes long
        values = np.resize(self.values, shape) if per_sample else self.values
        place = paddle.CPUPlace() if self.on_host else None
        tensor = paddle.to_tensor(values, place=place)
        return tensor if self.dtype != "bfloat16" else tensor.astype(self.dtype)


@dataclass(frozen=True, slots=True)
class Template:
    """A batch of ``batch_size`` samples: nested dicts, lists and tuples with :class:`Leaf`."""

    batch_size: int
    structure: Any

    def batch(self, batch_size: int) -> Any:
        """The batch with that many samples, on the device."""
        return _resized(self.structure, self.batch_size, batch_size, top=True)

    @property
    def unscaled(self) -> int:
        """How many tensors do not have the batch size as their first size and stay as they are."""
        return sum(_first(leaf) != self.batch_size for leaf in leaves(self.structure))


def template_of(batch: Any, batch_size: int) -> Template:
    """Keep ``batch``; raises TypeError for what cannot be made again, such as own classes."""
    return Template(batch_size, _mapped(batch, _leaf))


def leaves(structure: Any) -> list[Leaf]:
    """All tensors of a kept batch."""
    found: list[Leaf] = []
    _mapped(structure, lambda leaf: found.append(leaf) if isinstance(leaf, Leaf) else None)
    return found


def batch_size_of(batch: Any, declared: int | None) -> int:
    """How many samples a batch holds: what the loader declares if any tensor agrees with it.

    Otherwise the first size that most tensors have; 1 where there is no tensor.
    """
    sizes: Counter[int] = Counter()

    def count(leaf: Any) -> None:
        if isinstance(leaf, paddle.Tensor) and leaf.ndim:
            sizes[leaf.shape[0]] += 1

    _mapped(batch, count)
    if not sizes:
        return declared or 1
    if declared is not None and declared in sizes:
        return declared
    return sizes.most_common(1)[0][0]


def shapes_of(batch: Any) -> tuple[tuple[int, ...], ...]:
    """The shapes of all tensors of a batch, in order."""
    shapes: list[tuple[int, ...]] = []

    def note(leaf: Any) -> None:
        if isinstance(leaf, paddle.Tensor):
            shapes.append(tuple(leaf.shape))

    _mapped(batch, note)
    return tuple(shapes)


def _mapped(value: Any, function: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _mapped(item, function) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(item, function) for item in value]
    return function(value)


def _leaf(value: Any) -> Any:
    if isinstance(value, paddle.Tensor):
        return _leaf_of(value)
    if value is None or isinstance(value, (bool, int, float, str, bytes, np.ndarray, np.generic)):
        return value
    raise TypeError(f"a batch with a {type(value).__name__} in it cannot be made again")


def _leaf_of(tensor: paddle.Tensor) -> Leaf:
    dtype = str(tensor.dtype).removeprefix("paddle.")
    kept = not tensor.is_floating_point() or tensor.size * tensor.element_size() <= _MOST_KEPT_BYTES
    values = tensor.astype("float32").numpy() if dtype == "bfloat16" else tensor.numpy()
    return Leaf(tuple(tensor.shape), dtype, tensor.place.is_cpu_place(), values if kept else None)


def _first(leaf: Leaf) -> int | None:
    return leaf.shape[0] if leaf.shape else None


def _resized(value: Any, old: int, new: int, *, top: bool = False) -> Any:
    if isinstance(value, Leaf):
        return value.resized(_first(value) == old, new)
    if isinstance(value, dict):
        return {key: _resized(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        items = [_resized(item, old, new) for item in value]
        # Below the top, a list of as many things as there are samples holds one for each sample.
        alone = not top and len(value) == old and not any(_holds(item, old) for item in value)
        return [items[i % old] for i in range(new)] if alone else items
    return value


def _holds(value: Any, batch_size: int) -> bool:
    """Whether something in ``value`` has the batch size itself."""
    return any(_first(leaf) == batch_size for leaf in leaves(value))
