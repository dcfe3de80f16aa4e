"""Consoles of rich: plain where nobody watches, and never reading user text as markup."""

from __future__ import annotations

import os

from rich.console import Console

PLAIN_WIDTH = 140
"""Columns where stderr is no terminal, such as a file or a CI log."""


def error_console() -> Console:
    """The console for people, on stderr; as wide as the terminal. NO_COLOR is honoured."""
    return _console(stderr=True)


def output_console() -> Console:
    """A console on stdout, for tables that are themselves the answer."""
    return _console(stderr=False)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PLAIN_WIDTH
    return console
