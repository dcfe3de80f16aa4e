"""What the user asks about, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from estimator.drystep.measurement import Precision

OptionValue = bool | int | float | str | list[object] | dict[str, object] | None


@dataclass(frozen=True, slots=True)
class TensorRequest:
    """A tensor that the tool makes for the user, from ``--input 3x224x224:float32``.

    shape is per sample, without the batch. ``classes`` bounds integers to [0, classes).
    """

    shape: tuple[int, ...]
    dtype: str
    classes: int | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A model file and how to run it. ``None`` means the user did not say.

    ``accumulate``: the batch of an update is split into as many micro-batches. ``recompute``:
    repeated blocks are recomputed in the backward pass. ``inference``: forward passes alone.
    ``checkpoint``: saving of model and optimizer is run as well. ``optimizer``: a class of
    ``paddle.optimizer`` in place of the model file's.
    """

    model_file: Path
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    per_device_batch_size: int | None = None
    inputs: tuple[TensorRequest, ...] = ()
    labels: tuple[TensorRequest, ...] = ()
    precision: Precision | None = None
    eval_batch_size: int | None = None
    accumulate: int = 1
    recompute: bool = False
    inference: bool = False
    checkpoint: bool = False
    optimizer: str | None = None
