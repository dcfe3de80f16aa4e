"""The user's file: running it, finding the model in it, and the functions it may define."""

from __future__ import annotations

import gc
import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import paddle

from estimator.drystep.child.candidates import find_model
from estimator.drystep.child.keywords import distribute, keywords_of
from estimator.drystep.child.user_code import user_code
from estimator.drystep.places import place
from estimator.drystep.strategy import OFFERED
from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import OptionValue

MODULE_NAME = "__paddle_estimate_model__"
"""The name the model file has in ``sys.modules``; its classes can be pickled under it."""

_GIVEN_ARGUMENTS = {
    "build_model": 0,
    "example_batch": 1,
    "loss_fn": 2,
    "build_optimizer": 1,
    "train_step": 3,
    "example_eval_batch": 1,
    "eval_step": 2,
}
"""The functions a model file may define, and how many arguments we give to each by position."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A function of the user's file with the ``-o`` options that it takes."""

    function: Callable[..., Any]
    options: Mapping[str, OptionValue]
    model_file: Path

    def __call__(self, *args: object) -> Any:
        with user_code(self.model_file):
            return self.function(*args, **self.options)

    @property
    def where(self) -> str:
        """``file:line`` of the definition."""
        code = getattr(self.function, "__code__", None)
        return place(code.co_filename, code.co_firstlineno) if code else str(self.model_file)


@dataclass(frozen=True, slots=True)
class RunFile:
    """A model file that has been run. A hook that it does not define is None.

    source: what makes the model, such as ``build_model()`` or ``class Net``.
    """

    path: Path
    source: str
    build_model: Hook
    example_batch: Hook | None
    loss_fn: Hook | None
    build_optimizer: Hook | None
    train_step: Hook | None
    example_eval_batch: Hook | None = None
    eval_step: Hook | None = None

    @property
    def degrees_offered(self) -> frozenset[str]:
        """Degrees of parallelism that ``build_model`` takes by name, and ``-o`` does not set."""
        names = keywords_of(self.build_model.function).names
        return (names & OFFERED) - self.build_model.options.keys()

    def new_model(self) -> paddle.nn.Layer | paddle.Model:
        """Whatever the file says is its model. Raises BadInput where that is no model."""
        model = self.build_model()
        if not isinstance(model, (paddle.nn.Layer, paddle.Model)):
            what = sentence(
                "{source} gave a {kind}, not a paddle.nn.Layer",
                source=self.source,
                kind=type(model).__name__,
            )
            hint = "def build_model(): return YourLayer()"
            raise BadInput(what, where=self.build_model.where, hint=hint)
        return model


class ModelSource(Protocol):
    """What models come from; nothing has been run yet."""

    def forget(self) -> None:
        """Let go of what was made before."""
        ...

    def run(self) -> RunFile:
        """What it defines. Raises UserCodeFailed and BadInput."""
        ...


@dataclass(frozen=True, slots=True)
class Program:
    """A model file and the ``-o`` options for it. Nothing has been run yet.

    Each training runs the file anew, so that none sees what another left behind.
    """

    model_file: Path
    options: Mapping[str, OptionValue]

    def forget(self) -> None:
        """Let go of what the last run of the file made: models refer to themselves."""
        sys.modules.pop(MODULE_NAME, None)
        gc.collect()

    def run(self) -> RunFile:
        """Run the file as a module and look up what it defines.

        Raises UserCodeFailed where it raises, BadInput where it holds no model or several, and
        for an option that none of its functions takes.
        """
        self.forget()
        module = _run_module(self.model_file)
        build_model, source = find_model(module, self.options, str(self.model_file))
        functions = {
            name: function
            for name in _GIVEN_ARGUMENTS
            if callable(function := getattr(module, name, None))
        } | {"build_model": build_model}
        shares = distribute(functions, _GIVEN_ARGUMENTS, self.options)

        def hook(name: str) -> Hook | None:
            function = functions.get(name)
            return Hook(function, shares[name], self.model_file) if function else None

        return RunFile(
            path=self.model_file,
            source=source,
            build_model=Hook(build_model, shares["build_model"], self.model_file),
            example_batch=hook("example_batch"),
            loss_fn=hook("loss_fn"),
            build_optimizer=hook("build_optimizer"),
            train_step=hook("train_step"),
            example_eval_batch=hook("example_eval_batch"),
            eval_step=hook("eval_step"),
        )


def _run_module(path: Path) -> ModuleType:
    """The module that ``path`` becomes."""
    loader = SourceFileLoader(MODULE_NAME, str(path.absolute()))
    spec = importlib.util.spec_from_loader(MODULE_NAME, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE_NAME] = module
    with user_code(path):
        loader.exec_module(module)
    return module
