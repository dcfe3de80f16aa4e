"""Habits of a command line that typer does not know, turned into ones that it does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

DEFAULT_COMMANDS: Mapping[str, str] = {"": "estimate", "templates": "list", "history": "list"}
"""The command meant where none is named, by the command before it."""

_COMMANDS: Mapping[str, frozenset[str]] = {
    "": frozenset(
        (
            *("estimate", "explain", "run", "render", "submit", "watch"),
            *("gpus", "templates", "history", "report", "doctor", "serve"),
        )
    ),
    "templates": frozenset({"list", "show", "explain", "diff", "new", "check"}),
    "history": frozenset(
        (
            *("replay", "fit", "evaluate", "drift", "recommend"),
            *("add", "import", "export", "list", "show", "stats", "check", "prune"),
        )
    ),
}
_OPTION_FLAGS = ("-o", "--option")
_PAIR = re.compile(r"[A-Za-z_][\w.\-]*=.*", re.DOTALL)


def normalise(argv: Sequence[str]) -> list[str]:
    """The same command line with every command named and one ``-o`` before every KEY=VALUE.

    ``MODEL.py -o a=1 b=2`` becomes ``estimate MODEL.py -o a=1 -o b=2``.
    """
    return _repeat_option_flag(_name_command(list(argv)))


def _name_command(argv: list[str], parent: str = "") -> list[str]:
    position = _first_own_word(argv)
    word = argv[position] if position < len(argv) else None
    if word in _COMMANDS[parent]:
        return [*argv[: position + 1], *_name_nested_command(argv[position + 1 :], word)]
    asked_for_help = word in ("--help", "-h", "--version")
    if asked_for_help or parent not in DEFAULT_COMMANDS or (word is None and not parent):
        return argv
    # What stands behind a bare -- are the arguments of a script.
    command = "run" if not parent and "--" in argv else DEFAULT_COMMANDS[parent]
    return [*argv[:position], command, *argv[position:]]


def _name_nested_command(argv: list[str], command: str) -> list[str]:
    return _name_command(argv, command) if command in _COMMANDS else argv


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
