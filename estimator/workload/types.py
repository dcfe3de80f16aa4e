"""What the user asks about, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from estimator.drystep.measurement import Precision
from estimator.drystep.strategy import Strategy

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
class SyntheticTensor:
    """A tensor of the batches that stand in for a missing data set; ``name`` is its key in a dict,
    empty where batches are lists.
    """

    name: str
    tensor: TensorRequest


DEFAULT_WATCHED_STEPS = 3
DEFAULT_SAMPLED_BATCHES = 20


@dataclass(frozen=True, slots=True)
class Script:
    """A training command that runs as it is, and how it is watched.

    command: the user's own words. program: what Python runs, a file or (``is_module``) a module,
    with ``arguments`` and variables of its own. batch_argument: the words of the argument that
    sets the batch size; empty where it has to be changed in the loader. steps: optimizer steps
    to watch. sampled_batches: how many batches to look at where their shapes differ. synthetic:
    what a batch is made of where the script's data set is not there; empty: that is an error.
    """

    command: tuple[str, ...]
    program: str
    is_module: bool = False
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    batch_argument: tuple[str, ...] = ()
    steps: int = DEFAULT_WATCHED_STEPS
    sampled_batches: int = DEFAULT_SAMPLED_BATCHES
    synthetic: tuple[SyntheticTensor, ...] = ()


@dataclass(frozen=True, slots=True)
class Workload:
    """A model file or a script, and how to run it. ``None`` means the user did not say.

    ``script`` None: ``model_file`` defines a model. Otherwise it is the script's own file, and
    what follows is for model files alone. ``accumulate``: the batch of an update is split into as
    many micro-batches. ``recompute``: repeated blocks are recomputed in the backward pass.
    ``inference``: forward passes alone. ``checkpoint``: saving of model and optimizer is run as
    well. ``optimizer``: a class of ``paddle.optimizer`` in place of the model file's.
    ``strategy``: how the GPUs of a job share it, of which one rank is run; None for one GPU.
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
    strategy: Strategy | None = None
    script: Script | None = None
