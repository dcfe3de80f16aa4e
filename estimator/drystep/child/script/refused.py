"""Scripts that train in a way that the virtual GPU does not see."""

from __future__ import annotations

from typing import Any

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.workload.types import Script


def trains_on_the_cpu(script: Script) -> BadInput:
    """Nothing of it would ever be on a GPU."""
    return BadInput(
        sentence("the script trains on the CPU: its parameters are there, not on a GPU"),
        where=script.program,
        hint=sentence(
            "the script's own option or setting for a GPU, such as --device gpu or use_gpu=True; "
            "paddle.set_device says where in the code"
        ),
    )


def is_static(script: Script) -> BadInput:
    """A whole program is run at once: the watch sees neither steps nor batches."""
    return BadInput(
        sentence(
            "the script trains a program of a static graph (paddle.enable_static, Executor.run): "
            "only training in dynamic graph mode is watched"
        ),
        where=script.program,
        hint=sentence(
            "the script's dynamic graph version, if it has one, or a model file with its network "
            "(paddle.nn.Layer): paddle-estimate model.py"
        ),
    )


def trains(program: Any) -> bool:
    """Whether a program of either kind of Paddle's graphs has a backward pass."""
    program = getattr(program, "_program", None) or program  # of a CompiledProgram
    blocks = getattr(program, "global_block", None)
    return blocks is not None and any(_name(op).endswith("_grad") for op in blocks().ops)


def _name(operator: Any) -> str:
    return str(operator.type if hasattr(operator, "type") else operator.name())
