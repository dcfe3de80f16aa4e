"""Amounts as people write them on a command line."""

from __future__ import annotations

from estimator.errors import BadInput
from estimator.messages import message
from estimator.units import parse_bytes


def bytes_of(flag: str, words: str) -> int:
    """The bytes of ``words`` such as ``16Gi``. Raises BadInput at ``flag`` for what is none."""
    try:
        return parse_bytes(words)
    except ValueError:
        hint = f"{flag} 16Gi"
        raise BadInput(message("error.memory", words=words), where=flag, hint=hint) from None
