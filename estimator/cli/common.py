"""What every command line takes, and how an option of one is declared.

Apart from :mod:`estimator.cli.arguments`, so that ``--help`` need not import what that is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import typer


def option(
    name: str, metavar: str = "", *more: str, panel: str, text: str = "", **rules: Any
) -> Any:
    """``text``: the key of the help where another command's option has the same name."""
    key = text or name.removeprefix("--").replace("-", "_")
    return typer.Option(
        name,
        *more,
        metavar=metavar,
        help=f"help.{key}",
        rich_help_panel=f"panel.{panel}",
        **rules,
    )


def argument(metavar: str, text: str) -> Any:
    """A positional word; ``text`` is the key of its help."""
    return typer.Argument(metavar=metavar, help=f"help.{text}", rich_help_panel="panel.template")


def _print_help(context: typer.Context, wanted: bool) -> None:
    if wanted:
        print(context.get_help())
        raise typer.Exit


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"paddle-estimate {version('paddle-estimate')}")
        raise typer.Exit


general = partial(option, panel="general")


@dataclass(frozen=True, kw_only=True)
class CommonArguments:
    """What every command takes. ``lang`` and ``debug`` are read by Session before the rest."""

    lang: Annotated[Literal["en", "zh"] | None, general("--lang", "en|zh")] = None
    debug: Annotated[bool, general("--debug")] = False
    help: Annotated[bool, general("--help", "", "-h", is_eager=True, callback=_print_help)] = False


@dataclass(frozen=True, kw_only=True)
class RootArguments(CommonArguments):
    """``paddle-estimate`` without a command."""

    version: Annotated[bool, general("--version", is_eager=True, callback=_print_version)] = False
