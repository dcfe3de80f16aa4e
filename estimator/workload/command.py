"""From the words of a training command to the one Python program that it runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from estimator.errors import BadInput
from estimator.messages import sentence

_PYTHON = re.compile(r"(?:.*/)?(?:python|pypy)(?:\d+(?:\.\d+)*)?")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_INTERPRETER_OPTIONS_WITH_VALUE = ("-W", "-X")
_LAUNCHERS = ("paddle.distributed.launch", "paddle.distributed.launch.main", "fleetrun")
_DEVICES = ("--gpus", "--devices", "--selected_gpus")
_PROCESSES = ("--nproc_per_node", "--nproc")
_HINT = "paddle-estimate run -- python train.py ARGUMENTS"


@dataclass(frozen=True, slots=True)
class PythonProgram:
    """What Python is asked to run: a file or, with ``-m``, a module; and its arguments.

    ``environment``: variables that the command sets for itself. ``gpus``, ``nodes``: what Paddle's
    launcher in front of it is told of the GPUs on each node and of the nodes; None: nothing.
    """

    program: str
    is_module: bool
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    gpus: int | None = None
    nodes: int | None = None

    @property
    def file(self) -> Path:
        """The file that runs; of a module the most likely one below the current folder."""
        if not self.is_module:
            return Path(self.program)
        base = Path(*self.program.split("."))
        package = base / "__main__.py"
        return package if package.is_file() else base.with_suffix(".py")


def parse_command(words: Sequence[str]) -> PythonProgram:
    """The program of ``python train.py ...``, ``python -m pkg.mod ...``, or ``train.py ...``.

    Variables before it (``A=1 python ...``) and Paddle's launcher are understood. Raises BadInput
    for other programs.
    """
    environment, rest = _environment(list(words))
    if not rest:
        raise BadInput(sentence("there is no command to run"), hint=_HINT)
    program = _python(rest, environment)
    while program.is_module and program.program in _LAUNCHERS:
        program = _launched(program)
    return program


def _environment(words: list[str]) -> tuple[dict[str, str], list[str]]:
    if words[:1] == ["env"]:
        words = words[1:]
    count = next((i for i, word in enumerate(words) if not _ASSIGNMENT.fullmatch(word)), len(words))
    pairs = (word.partition("=") for word in words[:count])
    return {name: value for name, _, value in pairs}, words[count:]


def _python(words: Sequence[str], environment: dict[str, str]) -> PythonProgram:
    first, rest = words[0], list(words[1:])
    if first.endswith(".py"):
        return PythonProgram(first, False, tuple(rest), environment)
    if Path(first).name == "fleetrun":
        return PythonProgram("paddle.distributed.launch", True, tuple(rest), environment)
    if not _PYTHON.fullmatch(first):
        what = sentence("'{name}' is not Python: only Python programs can be watched", name=first)
        raise BadInput(what, hint=_HINT)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-m" and rest:
            return PythonProgram(rest[0], True, tuple(rest[1:]), environment)
        if option in ("-c", "-"):
            what = sentence("'{command}' has no file to watch", command=f"python {option}")
            raise BadInput(what, hint=_HINT)
        if option in _INTERPRETER_OPTIONS_WITH_VALUE and rest:
            rest.pop(0)
    if not rest:
        what = sentence("'{command}' runs no file", command=shlex.join(words))
        raise BadInput(what, hint=_HINT)
    return PythonProgram(rest[0], False, tuple(rest[1:]), environment)


def _launched(launcher: PythonProgram) -> PythonProgram:
    """The script behind ``python -m paddle.distributed.launch``, and how many of it are started."""
    rest = list(launcher.arguments)
    gpus = nodes = None
    while rest and rest[0].startswith("-") and rest[0] != "-m":
        name, value = _option(rest)
        if name in _DEVICES:
            gpus = len([device for device in value.split(",") if device.strip()]) or None
        elif name in _PROCESSES:
            gpus = _count(name, value)
        elif name == "--nnodes":
            nodes = _count(name, value)
    if not rest:
        raise BadInput(sentence("paddle.distributed.launch is given no script"), hint=_HINT)
    is_module = rest[0] == "-m" and len(rest) > 1
    program, *arguments = rest[1:] if is_module else rest
    several = max(gpus or 1, nodes or 1) > 1
    own = {} if several else ENVIRONMENT_OF_ONE
    return PythonProgram(
        program, is_module, tuple(arguments), launcher.environment | own, gpus, nodes
    )


def _count(name: str, value: str) -> int:
    """A number of processes or nodes; of a range (``2:4``) the largest."""
    try:
        count = int(value.rpartition(":")[2])
    except ValueError:
        count = 0
    if count < 1:
        what = sentence("'{value}' is no number of processes", value=value)
        raise BadInput(what, where=name, hint=f"{name} 8")
    return count


ENVIRONMENT_OF_ONE = {
    "PADDLE_TRAINER_ID": "0",
    "PADDLE_TRAINERS_NUM": "1",
    "PADDLE_TRAINER_ENDPOINTS": "127.0.0.1:6170",
    "PADDLE_CURRENT_ENDPOINT": "127.0.0.1:6170",
    "FLAGS_selected_gpus": "0",
}
"""What Paddle's launcher sets for the only process of a job."""


def _option(words: list[str]) -> tuple[str, str]:
    """Takes one option and its value off ``words``."""
    name, equals, value = words.pop(0).partition("=")
    if equals or not words or words[0].startswith("-") or words[0].endswith(".py"):
        return name, value
    return name, words.pop(0)


def with_argument(
    arguments: Sequence[str], argument: Sequence[str], value: object
) -> tuple[str, ...]:
    """``arguments`` with a named one set: replaced where it is there, added where it is not.

    ``argument`` are its words; the value follows as a word of its own, or directly where the last
    word ends in ``=``. Of ``("--batch_size",)`` both forms, with a space and with ``=``, are found.
    """
    *leading, last = argument
    new = [*leading, f"{last}{value}"] if last.endswith("=") else [*leading, last, str(value)]
    for start, length in _occurrences(list(arguments), leading, last):
        if length == len(leading) + 1 and not last.endswith("="):
            new = [*leading, f"{last}={value}"]
        return (*arguments[:start], *new, *arguments[start + length :])
    return (*arguments, *new)


def _occurrences(
    words: Sequence[str], leading: Sequence[str], last: str
) -> Iterator[tuple[int, int]]:
    """Where the argument stands in ``words``, and over how many of them."""
    count = len(leading)
    for start in range(len(words) - count):
        if list(words[start : start + count]) != list(leading):
            continue
        word = words[start + count]
        if last.endswith("="):
            if word.startswith(last):
                yield start, count + 1
        elif word == last and start + count + 1 < len(words):
            yield start, count + 2
        elif word.startswith(f"{last}="):
            yield start, count + 1
