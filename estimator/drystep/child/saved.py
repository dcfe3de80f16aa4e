"""A program that ``paddle.jit.save`` wrote, as if it were a model file."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paddle

from estimator.drystep.child.model_file import Hook, ModelSource, Program, RunFile
from estimator.drystep.child.user_code import one_line
from estimator.errors import BadInput, UserCodeFailed
from estimator.messages import sentence
from estimator.workload.saved import is_saved_program, program_file, program_prefix
from estimator.workload.types import OptionValue, Workload


@dataclass(frozen=True, slots=True)
class SavedProgram:
    """The files of a saved program. Nothing has been loaded yet."""

    path: Path
    options: Mapping[str, OptionValue]

    def forget(self) -> None:
        """Let go of the program that was loaded before."""
        gc.collect()

    def run(self) -> RunFile:
        """What the files define: the model alone. Raises BadInput where there are options."""
        if self.options:
            hint = sentence("leave out {name}", name="-o")
            raise BadInput(sentence("a saved program takes no options"), where="-o", hint=hint)
        return RunFile(
            path=self.path,
            source=sentence("the saved program"),
            build_model=Hook(self._load, {}, self.path),
            example_batch=None,
            loss_fn=None,
            build_optimizer=None,
            train_step=None,
        )

    @property
    def is_of_paddle_2(self) -> bool:
        """Whether Paddle 3 has to read it as one of Paddle 2."""
        file = program_file(self.path)
        return file is not None and file.suffix == ".pdmodel"

    def _load(self) -> Any:
        if self.is_of_paddle_2:
            _run_programs_of_paddle_2()
        try:
            return paddle.jit.load(str(program_prefix(self.path)))
        except Exception as error:  # Paddle raises all kinds for files it cannot read
            raise BadInput(
                sentence(
                    "Paddle {version} cannot load the program: {why}",
                    version=paddle.__version__,
                    why=one_line(error),
                ),
                where=str(self.path),
                hint=sentence("save it again with the version of Paddle that is installed"),
            ) from error


def _run_programs_of_paddle_2() -> None:
    """Paddle 3 loads and runs them only where its newer form of programs is switched off."""
    paddle.pir_utils.OldIrGuard().__enter__()  # for good: each step runs the program
    paddle.disable_static()


def model_source(workload: Workload) -> ModelSource:
    """The model file or the saved program of a workload."""
    if not is_saved_program(workload.model_file):
        return Program(workload.model_file, workload.options)
    return SavedProgram(workload.model_file, workload.options)


def add_way_out(error: UserCodeFailed, program: ModelSource) -> None:
    """Say in ``error`` what helps where Paddle cannot train a program of Paddle 2.

    Those are saved without the outputs that some gradients need, such as ``XShape`` of
    ``flatten`` and ``reshape``; programs without such operators train.
    """
    is_old = isinstance(program, SavedProgram) and program.is_of_paddle_2
    if is_old and _OUTPUT_NOT_SAVED in error.what:
        error.hint = sentence("--inference, or save the model again with Paddle 3")


_OUTPUT_NOT_SAVED = "cannot be found in operator"
"""Paddle's words when it makes a gradient without an output that it needs."""


def is_loaded_program(model: paddle.nn.Layer) -> bool:
    """Whether a model came out of ``paddle.jit.load``."""
    return isinstance(model, paddle.jit.TranslatedLayer) or hasattr(model, "_input_spec")


def input_specs(model: paddle.nn.Layer) -> list[Any]:
    """The ``InputSpec`` that a loaded program was saved with; none for any other model."""
    return model._input_spec() if is_loaded_program(model) else []
