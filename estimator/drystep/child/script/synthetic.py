"""Random batches where the data set of a script is not there."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import paddle
from paddle.io import Dataset

from estimator.drystep.child.batches import sample
from estimator.drystep.child.user_code import one_line
from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import SyntheticTensor, TensorRequest

SAMPLES = 1 << 16
"""How many samples a data set says it has that is not there; more than are ever looked at."""

_NOT_THERE = (OSError, AssertionError, ValueError, RuntimeError, LookupError)
"""What a data set raises where its files are missing or without content. Other errors are mistakes
in the script's own code."""

Original = Callable[..., Any]


class SyntheticData:
    """Stands in for data sets whose constructor fails, or that have no samples.

    Such an object stays what it is, as far as its constructor came; it has ``SAMPLES`` samples,
    and a DataLoader over it gives random tensors (:func:`.batches.sample`), in a list or, where
    they have names, in a dict.
    """

    def __init__(self, tensors: tuple[SyntheticTensor, ...]) -> None:
        self._tensors = tensors
        self._missing: dict[int, Any] = {}  # kept, so that no other object gets the identity
        self._why: dict[str, str] = {}
        self._being_made: set[int] = set()

    def watch_data_sets(self) -> None:
        """Watch every class of data set, also those to come; it cannot be undone."""
        for kind in _kinds(Dataset):
            self._watch(kind)
        original = Dataset.__init_subclass__

        def init_subclass(kind: type, /, **options: Any) -> None:
            original.__func__(kind, **options)
            self._watch(kind)

        Dataset.__init_subclass__ = classmethod(init_subclass)

    def stands_in_for(self, loader: paddle.io.DataLoader) -> bool:
        return id(loader.dataset) in self._missing

    def batch(self, batch_size: int | None) -> Any:
        """A batch of random tensors on the current device. Raises BadInput without a size."""
        if batch_size is None:
            raise BadInput(
                sentence("the script's DataLoader does not say its batch size"),
                where="--synthetic-data",
                hint=sentence("the script with its own data set"),
            )
        return self._arranged(lambda request: sample(request, batch_size))

    @property
    def notes(self) -> tuple[str, ...]:
        """What was replaced and why, or that nothing was."""
        if not self._why:
            return (sentence("--synthetic-data was not used: the script's data sets are there"),)
        return tuple(
            sentence(
                "the data set {name} is not there ({why}): the batches are synthetic, of the "
                "shapes that --synthetic-data says",
                name=name,
                why=why,
            )
            for name, why in self._why.items()
        )

    def _arranged(self, make: Callable[[TensorRequest], Any]) -> Any:
        made = [make(each.tensor) for each in self._tensors]
        if not self._tensors[0].name:
            return made
        return dict(zip((each.name for each in self._tensors), made, strict=True))

    def _watch(self, kind: type) -> None:
        around: dict[str, Callable[..., Any]] = {
            "__init__": self._make,
            "__len__": self._length,
            "__getitem__": self._item,
        }
        for name, instead in around.items():
            if name in vars(kind):
                setattr(kind, name, _wrapped(vars(kind)[name], instead))

    def _make(self, original: Original, data_set: Any, *args: Any, **kwargs: Any) -> None:
        if id(data_set) in self._being_made:  # by a constructor derived from this one
            original(data_set, *args, **kwargs)
            return
        self._being_made.add(id(data_set))
        try:
            original(data_set, *args, **kwargs)
        except _NOT_THERE as error:
            self._replace(data_set, one_line(error))
        finally:
            self._being_made.discard(id(data_set))

    def _length(self, original: Original, data_set: Any) -> int:
        if id(data_set) not in self._missing:
            count = int(original(data_set))
            if count or id(data_set) in self._being_made:
                return count
            self._replace(data_set, sentence("it has no samples"))
        return SAMPLES

    def _item(self, original: Original, data_set: Any, index: Any) -> Any:
        if id(data_set) not in self._missing:
            return original(data_set, index)
        return self._arranged(lambda request: np.zeros(request.shape, request.dtype))

    def _replace(self, data_set: Any, why: str) -> None:
        self._missing[id(data_set)] = data_set
        self._why[type(data_set).__name__] = why


def of_a_data_set(error: BaseException) -> bool:
    """Whether the constructor of a data set raised what says that it is not there."""
    return isinstance(error, _NOT_THERE) and any(
        frame.f_code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), Dataset)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    )


def _wrapped(original: Original, around: Callable[..., Any]) -> Original:
    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return around(original, *args, **kwargs)

    return wrapper


def _kinds(kind: type) -> Iterator[type]:
    yield kind
    derived: type
    for derived in kind.__subclasses__():
        yield from _kinds(derived)
