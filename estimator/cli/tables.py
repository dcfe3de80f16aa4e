"""Tables and JSON documents of the smaller commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from estimator.messages import Say


def plain_table(
    prefix: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    say: Say,
    heads: Mapping[str, str] | None = None,
) -> Table:
    """A table whose heads are the texts ``prefix.column``, but for those that are given."""
    given = heads or {}
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(given.get(column) or say(f"{prefix}.{column}"), overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def json_document(**parts: object) -> str:
    """One JSON document of these parts."""
    return json.dumps({"schema_version": 1, **parts}, indent=2, ensure_ascii=False) + "\n"


def in_words(value: object, origin: str) -> str:
    """A value as in JSON; ``-`` where it comes from nowhere."""
    return json.dumps(value, ensure_ascii=False) if origin else "-"
