"""``paddle.distributed.launch`` in front of a command, and the devices it is told of."""

from __future__ import annotations

from pathlib import PurePosixPath

from estimator.manifest.settings import Words

LAUNCH = ("python", "-m", "paddle.distributed.launch")
_LAUNCHERS = ("paddle.distributed.launch", "fleetrun")
_DEVICES = ("--devices", "--gpus", "--xpus", "--npus")
"""Options of Paddle's launcher that name devices (launch/context/args_envs.py); the old names
are still read.
"""


def launched(words: Words, gpus: int) -> tuple[Words, tuple[str, str]]:
    """The command with one process for each of the ``gpus`` GPUs of a node.

    A ``.py`` file is run by Python, all else as it is. Where the command starts the launcher
    itself, only its devices are corrected; then the old and the new words come back too.
    """
    wanted = f"--devices={','.join(map(str, range(gpus)))}"
    found = next((i for i, word in enumerate(words) if word in _LAUNCHERS), None)
    if found is None:
        return (*_front(words), wanted, *_program(words)), ("", "")
    place = _devices_at(words, found + 1)
    if place is None:
        return (*words[: found + 1], wanted, *words[found + 1 :]), ("", "")
    width = 1 if "=" in words[place] else 2
    old = words[place : place + width]
    numbers = old[0].partition("=")[2] if width == 1 else old[-1]
    if len(numbers.split(",")) == gpus:
        return words, ("", "")
    return (*words[:place], wanted, *words[place + width :]), (" ".join(old), wanted)


def _devices_at(words: Words, start: int) -> int | None:
    """Where the launcher's own options name devices; they end at the script."""
    position = start
    while position < len(words) and words[position].startswith("--"):
        if words[position].partition("=")[0] in _DEVICES:
            return position
        position += 1 if "=" in words[position] else 2
    return None


def _front(words: Words) -> Words:
    return (words[0], *LAUNCH[1:]) if _runs_file(words) else LAUNCH


def _program(words: Words) -> Words:
    return words[1:] if _runs_file(words) else words


def _runs_file(words: Words) -> bool:
    python = PurePosixPath(words[0]).name.startswith("python")
    return python and len(words) > 1 and words[1].endswith(".py")
