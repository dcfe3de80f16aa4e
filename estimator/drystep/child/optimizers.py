"""The optimizer of a training, and how to be rid of what one has gathered."""

from __future__ import annotations

import copy
import gc
from difflib import get_close_matches
from typing import Any

import paddle

from estimator.drystep.child.assumptions import Assumptions
from estimator.drystep.child.defaults import default_optimizer
from estimator.drystep.child.keywords import first_argument
from estimator.drystep.child.model_file import Hook, RunFile
from estimator.errors import BadInput
from estimator.messages import sentence

_MODEL_NAMES = {"model", "net", "network", "layer"}
"""First arguments of ``build_optimizer`` that ask for the model and not for its parameters."""


def new_optimizer(
    file: RunFile,
    model: paddle.nn.Layer,
    prepared: Any | None,
    assumptions: Assumptions,
    wanted: str | None = None,
) -> Any:
    """An optimizer without state: the file's, a copy of the ``prepared`` one, or the default.

    ``wanted`` names a class of ``paddle.optimizer`` to take instead. Raises BadInput where there is
    nothing to optimize or ``build_optimizer`` makes no optimizer.
    """
    if wanted is not None:
        return _named(wanted, model)
    if file.build_optimizer is not None:
        return _built(file.build_optimizer, model)
    if prepared is not None:
        return _unused_copy(prepared)
    if all(parameter.stop_gradient for parameter in model.parameters()):
        what = sentence("the model has no parameters to train")
        raise BadInput(what, where=str(file.path), hint="--inference")
    optimizer, assumption = default_optimizer(model)
    assumptions.add(assumption)
    return optimizer


class NoOptimizer:
    """In place of an optimizer where nothing is trained."""

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}


def _named(name: str, model: paddle.nn.Layer) -> Any:
    """The optimizer of that name with its own defaults. Raises BadInput for none of Paddle's."""
    kind = getattr(paddle.optimizer, name, None)
    if not (isinstance(kind, type) and issubclass(kind, paddle.optimizer.Optimizer)):
        known = sorted(k.__name__ for k in paddle.optimizer.Optimizer.__subclasses__())
        near = "".join(get_close_matches(name, known, n=1, cutoff=0.5))
        raise BadInput(
            sentence(
                "paddle.optimizer has no '{name}'; it has {known}", name=name, known=tuple(known)
            ),
            hint=near or "AdamW",
        )
    return kind(learning_rate=1e-3, parameters=model.parameters())


def release(optimizer: Any) -> None:
    """Free the state of an optimizer that nobody will use again.

    Paddle's optimizers refer to themselves, so that dropping one frees nothing at once.
    """
    vars(optimizer).clear()
    if not type(optimizer).__module__.startswith("paddle.optimizer."):
        gc.collect()


def _built(build_optimizer: Hook, model: paddle.nn.Layer) -> Any:
    argument = first_argument(build_optimizer.function)
    if argument is None:
        optimizer = build_optimizer()
    else:
        optimizer = build_optimizer(model if argument in _MODEL_NAMES else model.parameters())
    if not hasattr(optimizer, "step"):
        what = sentence(
            "build_optimizer must return an optimizer, not a {kind}", kind=type(optimizer).__name__
        )
        hint = "return paddle.optimizer.AdamW(parameters=parameters)"
        raise BadInput(what, where=build_optimizer.where, hint=hint)
    return optimizer


def _unused_copy(optimizer: Any) -> Any:
    """A copy that shares the parameters of ``optimizer`` but none of the containers for state."""
    clone = copy.copy(optimizer)
    vars(clone).update({name: _apart(value) for name, value in vars(optimizer).items()})
    clone.clear_gradients = clone.clear_grad  # Paddle binds this alias to the instance
    return clone


def _apart(value: Any) -> Any:
    """A copy of nested containers with the same leaves."""
    if isinstance(value, dict):
        apart = copy.copy(value)
        apart.update({key: _apart(item) for key, item in value.items()})
        return apart
    if isinstance(value, list):
        return [_apart(item) for item in value]
    return copy.copy(value) if isinstance(value, set) else value
