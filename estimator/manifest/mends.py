"""What to write instead of what is wrong, in the words of the YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from estimator.manifest.names import MAX_LABEL, MAX_SUBDOMAIN
from estimator.manifest.nearest_name import did_you_mean
from estimator.manifest.scalars import AmbiguousScalarError, resolve

_PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./+-]*")
_NOT_IN_A_LABEL = re.compile(r"[^A-Za-z0-9._-]+")
_NOT_IN_A_VARIABLE = re.compile(r"[^A-Za-z0-9_]+")


def write(key: str, value: object) -> str:
    """``key: value``, in quotes where readers of YAML would not agree on the text."""
    if isinstance(value, bool):
        return f"{key}: {str(value).lower()}"
    if isinstance(value, str) and not _is_plain(value):
        return f'{key}: "{value}"'
    return f"{key}: {value}"


def _is_plain(text: str) -> bool:
    try:
        return bool(_PLAIN.fullmatch(text)) and resolve(text) == text
    except AmbiguousScalarError:
        return False


def as_text(key: str, value: object) -> str:
    """``key: "1"``: the value, as text."""
    return f'{key}: "{str(value).lower() if isinstance(value, bool) else value}"'


def delete(keys: Iterable[str]) -> str:
    """``a: !delete, b: !delete``."""
    return ", ".join(f"{key}: !delete" for key in keys)


def one_of(key: str, value: object, known: Sequence[str]) -> str:
    """The known value that is nearest to what is there; where none is, the first one."""
    near = did_you_mean(str(value), known)
    return write(key, near or next(one for one in known if one))


def label_text(text: object) -> str:
    """The text without what a label may not hold: at most 63 of letters, digits, '-', '_', '.'."""
    return _NOT_IN_A_LABEL.sub("-", str(text))[:MAX_LABEL].strip("-._") or "x"


def label_key(key: str) -> str:
    """The key without what a key may not hold; a prefix stays where it is one."""
    prefix, slash, name = key.rpartition("/")
    domain = ".".join(_domain_label(part) for part in prefix.split(".") if part)
    domain = domain[:MAX_SUBDOMAIN].rstrip("-.")
    return domain + slash * bool(domain) + label_text(name)


def _domain_label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:MAX_LABEL].strip("-") or "x"


def variable_name(name: str) -> str:
    """The name as one of an environment variable."""
    cleaned = _NOT_IN_A_VARIABLE.sub("_", name).strip("_") or "NAME"
    return f"_{cleaned}" if cleaned[0].isdigit() else cleaned


def port_name(name: str) -> str:
    """The name as one of a port: at most 15 of a-z, 0-9 and '-', with a letter."""
    cleaned = re.sub(r"[^a-z0-9]+", "-", name.lower())[:15].strip("-")
    return cleaned if re.search("[a-z]", cleaned) else f"p{cleaned}"[:15]
