"""The training command: told the batch size, and started once per GPU."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.manifest.launcher import launched
from estimator.manifest.settings import Training, Words
from estimator.messages import message, sentence

_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})
_SHELL_SYNTAX = frozenset("&|;<>$`")
_OPEN_ENDED = {
    "No closing quotation": sentence("no closing quotation"),
    "No escaped character": sentence("no escaped character"),
}
"""What ``shlex`` says of words that do not end."""


@dataclass(frozen=True, slots=True)
class TrainingCommand:
    """The words of the command, why they are these, and what the user should know.

    ``launched``: Paddle's launcher starts it, which writes a log file for each process.
    """

    words: Words
    reason: str
    notes: tuple[str, ...]
    launched: bool = False


def parse_command(text: str) -> Words:
    """The words of a command line; what only a shell understands is given to a shell.

    Raises BadInput for an empty text and for quotes that do not close.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        what = sentence("cannot be read: {why}", why=_OPEN_ENDED.get(str(error), str(error)))
        raise BadInput(what, where="--command", hint='--command "python train.py"') from error
    if not words:
        hint = '--command "python train.py"'
        raise BadInput(sentence("is empty"), where="--command", hint=hint)
    return ("sh", "-c", text) if _needs_shell(text) else words


def training_command(training: Training, batch: int, gpus: int, nodes: int = 1) -> TrainingCommand:
    """The command of a job with ``gpus`` GPUs on each of its nodes, at ``batch`` per device.

    The batch size replaces what the command says of it, or is appended. For more than one GPU
    ``paddle.distributed.launch`` starts the command, unless it does so itself.
    """
    words, told = _with_batch_size(training, batch)
    notes = list(_batch_notes(training, words, batch))
    several = training.launch and (gpus * nodes > 1 or training.log_sidecar is not None)
    by_launcher = several and not _is_shell(words)
    if several and not by_launcher:
        notes.append(reasons.shell_not_launched(gpus))
    elif by_launcher:
        words, (old, new) = launched(words, gpus)
        notes += [message("yaml.devices_replaced", old=old, new=new)] if old else []
    say = reasons.command if told else reasons.command_without_batch
    return TrainingCommand(words, say(batch, gpus * nodes, several), tuple(notes), by_launcher)


def _with_batch_size(training: Training, batch: int) -> tuple[Words, bool]:
    """The command, and whether it says the batch size."""
    argument, command = training.batch_size_argument, training.command
    if not argument:
        return command, False
    place = _place_of(argument[-1], command)
    if place is not None:
        return _replaced(command, place, str(batch)), True
    if _is_shell(command):
        return command, False
    return _appended(training, batch), True


def _place_of(word: str, command: Words) -> int | None:
    """Where the command says the batch size: ``--b=8``, ``--b 8`` or ``Reader.b=8``."""
    name = word.rstrip("=")
    for place, candidate in enumerate(command):
        if candidate.startswith(f"{name}="):
            return place
        if candidate == name and place + 1 < len(command):
            return place
    return None


def _replaced(command: Words, place: int, number: str) -> Words:
    name, joined, _ = command[place].partition("=")
    if joined:
        return (*command[:place], f"{name}={number}", *command[place + 1 :])
    return (*command[: place + 1], number, *command[place + 2 :])


def _appended(training: Training, batch: int) -> Words:
    flag, *rest = said = argument_words(training.batch_size_argument, batch)
    command = training.command
    if not training.flag_takes_list or flag not in command:
        return (*command, *said)
    end = _end_of_values(command, command.index(flag) + 1)
    return (*command[:end], *rest, *command[end:])


def argument_words(argument: Sequence[str], batch: int) -> Words:
    """``(-o, Reader.b=)`` with 8 is ``(-o, Reader.b=8)``; ``(--b,)`` is ``(--b, 8)``."""
    last = argument[-1]
    tail = (f"{last}{batch}",) if last.endswith("=") else (last, str(batch))
    return (*argument[:-1], *tail)


def _end_of_values(command: Words, start: int) -> int:
    """Position after the values of a flag: that of the next flag, or the end."""
    later = (i for i in range(start, len(command)) if command[i].startswith("-"))
    return next(later, len(command))


def _batch_notes(training: Training, words: Words, batch: int) -> tuple[str, ...]:
    """What was done to the user's command, where that was more than adding nothing."""
    argument, command = training.batch_size_argument, training.command
    if not argument or words == command:
        told = not argument or _place_of(argument[-1], command) is not None
        return () if told else (reasons.batch_not_told(batch),)
    place = _place_of(argument[-1], command)
    if place is None:
        return (reasons.batch_appended(argument_words(argument, batch)),)
    width = 1 if "=" in command[place] else 2
    old, new = (" ".join(some[place : place + width]) for some in (command, words))
    return (reasons.batch_replaced(old, new),)


def _is_shell(words: Words) -> bool:
    return PurePosixPath(words[0]).name in _SHELLS


def _needs_shell(text: str) -> bool:
    """Whether shell syntax stands outside quotes; in double quotes ``$`` and the backtick count."""
    quote = ""
    for character in text:
        if character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        elif character in _SHELL_SYNTAX and (not quote or (quote == '"' and character in "$`")):
            return True
    return False
