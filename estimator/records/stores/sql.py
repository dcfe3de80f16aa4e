"""The statements that SQLite, DuckDB and PostgreSQL understand alike."""

from __future__ import annotations

from collections.abc import Sequence

from estimator.records.columns import BY_NAME

KEPT = ("identifier", "created_at", "origin")
"""What stays as it was when more is learned of a record."""


def names(columns: Sequence[str] = tuple(BY_NAME)) -> str:
    """Column names for a statement; quoted, for ``user`` is a word of SQL."""
    return ", ".join(f'"{name}"' for name in columns)


def fill(table: str, values: str, differs: str = "IS DISTINCT FROM") -> str:
    """Write rows; of those that are there, change what is known now and was not or differs."""
    learned = {
        name: f'coalesce(excluded."{name}", {table}."{name}")'
        for name in BY_NAME
        if name not in (*KEPT, "updated_at")
    }
    assigned = ", ".join(f'"{name}" = {value}' for name, value in learned.items())
    news = " OR ".join(f'{value} {differs} {table}."{name}"' for name, value in learned.items())
    return (
        f"INSERT INTO {table} ({names()}) {values} ON CONFLICT (identifier) DO UPDATE SET "
        f'{assigned}, "updated_at" = excluded."updated_at" WHERE {news}'
    )
