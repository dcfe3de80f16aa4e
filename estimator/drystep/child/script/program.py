"""Runs the script in this process, as Python would."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

import paddle

from estimator.drystep.child.script.refused import is_static
from estimator.drystep.child.script.synthetic import of_a_data_set
from estimator.drystep.child.user_code import failure_of
from estimator.errors import EstimatorError, UserCodeFailed
from estimator.messages import sentence
from estimator.workload.types import Script

_WITHOUT_DATA = sentence(
    "without its data: --synthetic-data SHAPE:DTYPE for each tensor of a batch, per sample"
)


def run_program(script: Script, arguments: tuple[str, ...], model_file: Path) -> str:
    """Run it to its end; returns how it ended early, or the empty text.

    Raises MemoryError, and UserCodeFailed for whatever else it raises.
    """
    os.environ.update(script.environment)
    sys.argv[:] = [script.program, *arguments]
    sys.path.insert(0, "" if script.is_module else str(model_file.absolute().parent))
    try:
        if script.is_module:
            runpy.run_module(script.program, run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(script.program, run_name="__main__")
    except SystemExit as error:
        return "" if error.code in (None, 0) else f"sys.exit({error.code!r})"
    except MemoryError:
        raise
    except EstimatorError:
        raise
    except BaseException as error:
        if not paddle.in_dynamic_mode():  # on a GPU its program may be built another way
            raise is_static(script) from error
        hint = "" if script.synthetic or not of_a_data_set(error) else _WITHOUT_DATA
        raise failure_of(error, model_file, hint) from error
    return ""


def never_trained(how: str, model_file: Path, steps: int) -> UserCodeFailed:
    """The script has ended and too little of a training was seen."""
    ended = sentence("with {how}", how=how) if how else sentence("by itself")
    if steps:
        what = sentence(
            "the script ended {ended} after {steps} optimizer steps, too few to watch",
            ended=ended,
            steps=steps,
        )
        hint = sentence("let it train for more steps")
        return UserCodeFailed(what, where=str(model_file), hint=hint)
    return UserCodeFailed(
        sentence("the script ended {ended} before its first optimizer step", ended=ended),
        where=str(model_file),
        hint=sentence(
            "the arguments with which it trains: paddle-estimate run -- python train.py ..."
        ),
    )
