"""Habits of a command line that typer does not know, turned into ones that it does."""

from __future__ import annotations

import re
from collections.abc import Sequence

_COMMANDS = frozenset({"estimate", "gpus", "doctor"})
_DEFAULT_COMMAND = "estimate"
_OPTION_FLAGS = ("-o", "--option")
_PAIR = re.compile(r"[A-Za-z_][\w.\-]*=.*", re.DOTALL)


def normalise(argv: Sequence[str]) -> list[str]:
    """The same command line with every command named and one ``-o`` before every KEY=VALUE.

    ``MODEL.py -o a=1 b=2`` becomes ``estimate MODEL.py -o a=1 -o b=2``.
    """
    return _repeat_option_flag(_name_command(list(argv)))


def _name_command(argv: list[str]) -> list[str]:
    position = _first_own_word(argv)
    if argv[position:] and argv[position] not in {*_COMMANDS, "--help", "-h", "--version"}:
        return [*argv[:position], _DEFAULT_COMMAND, *argv[position:]]
    return argv


def _first_own_word(argv: Sequence[str]) -> int:
    """Where the words begin that belong to a command: behind leading --lang and --debug."""
    position = 0
    while position < len(argv) and re.match(r"--(lang|debug)(=|$)", argv[position]):
        position += 2 if argv[position] == "--lang" else 1
    return min(position, len(argv))


def _repeat_option_flag(argv: Sequence[str]) -> list[str]:
    words: list[str] = []
    behind_option = False
    for position, word in enumerate(argv):
        if word == "--":
            return [*words, *argv[position:]]
        is_pair = _PAIR.fullmatch(word) is not None
        if behind_option and is_pair and words[-1] not in _OPTION_FLAGS:
            words.append("-o")
        words.append(word)
        behind_option = word.startswith(_OPTION_FLAGS) or (behind_option and is_pair)
    return words
