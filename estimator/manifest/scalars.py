"""What an unquoted word means: only what YAML 1.1 and YAML 1.2 read alike is let through.

PyYAML reads YAML 1.1 (``yes`` is true, ``0o17`` a string, ``12:30:45`` a number of seconds);
Go's readers, kubectl among them, read most of YAML 1.2 (``yes`` a string, ``0o17`` is 15).
"""

from __future__ import annotations

import re
from functools import lru_cache

Value = bool | int | float | str | None

_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "": None, "~": None}
_INT = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
_SURE_TEXT = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_./+@-]|:(?=[A-Za-z0-9/]))*", re.ASCII)
_KEYWORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_LIKE_A_NUMBER = re.compile(
    r"[-+]?(\.[0-9_]|[0-9])[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]*)?"
    r"|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
    r"|[-+][0-9_]+"
    r"|[-+]?0[xob][0-9a-f_]+"
    r"|[-+]?\.(inf|nan)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*"
    r"|[-+._][-+._0-9:]*"
    r"|=|<<",
    re.IGNORECASE | re.ASCII,
)


class AmbiguousScalarError(ValueError):
    """An unquoted scalar that readers of YAML 1.1 and 1.2 take for different values."""


def resolve(text: str) -> Value:
    """The value of an unquoted scalar. Raises AmbiguousScalarError."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if text.lower() in _KEYWORDS or _LIKE_A_NUMBER.fullmatch(text):
        raise AmbiguousScalarError(text)
    return text


@lru_cache(maxsize=4096)  # keys of Kubernetes come again and again
def is_sure_text(text: str) -> bool:
    """Whether the text, unquoted, is the same text to every reader of YAML."""
    return bool(_SURE_TEXT.fullmatch(text)) and text.lower() not in _KEYWORDS
