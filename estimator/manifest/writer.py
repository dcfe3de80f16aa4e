"""Writes documents as YAML that every reader takes for the same values.

PyYAML makes events of a whole document, which took a fifth of the time of a manifest. Here lines
are put together directly, and PyYAML writes what is not an everyday value; the text is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import yaml

from estimator.manifest.scalars import is_sure_text
from estimator.manifest.types import ManifestValue

_NO_FOLDING = 1 << 30
_LONG_KEY = 100
"""libyaml gives a key of more than 128 bytes a line of its own."""

try:
    from yaml import CSafeDumper as _Base
except ImportError:  # PyYAML built without libyaml: slower, same text
    from yaml import SafeDumper as _Base  # type: ignore[assignment]


class _Dumper(_Base):
    """PyYAML's own, except for text: quoted unless it is plainly a word or a path."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: _Base, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    """Several lines as they are; PyYAML quotes them itself where YAML does not allow that."""
    if "\n" in text and text.isascii():
        return "|"
    return None if is_sure_text(text) else '"'


_Dumper.add_representer(str, _represent_text)


def write_yaml(documents: Iterable[Mapping[str, ManifestValue]]) -> str:
    """The documents as one YAML text, keys in the order given.

    YAML 1.1 and YAML 1.2 readers get the same values back.
    """
    return "---\n".join(_document(document) for document in documents)


class _UnusualError(Exception):
    """A document that PyYAML had better write as a whole."""


def _document(document: Mapping[str, ManifestValue]) -> str:
    if not document:
        return "{}\n"
    lines: list[str] = []
    try:
        _add_map(lines, document, "", "")
    except _UnusualError:
        return by_pyyaml(dict(document))
    lines.append("")
    return "\n".join(lines)


def _add_map(lines: list[str], content: Mapping[str, ManifestValue], indent: str, at: str) -> None:
    """One entry a line. ``at`` is what the first line begins with, ``indent`` the others."""
    for key, value in content.items():
        start = f"{at}{_key(key)}:"
        at = indent
        if isinstance(value, dict) and value:
            lines.append(start)
            _add_map(lines, value, f"{indent}  ", f"{indent}  ")
        elif isinstance(value, list) and value:
            lines.append(start)
            _add_list(lines, value, indent, indent)
        else:
            lines.append(f"{start} {_scalar(value, indent)}")


def _add_list(lines: list[str], items: list[ManifestValue], indent: str, at: str) -> None:
    """A dash for each item, as far to the left as the key above."""
    for item in items:
        start = f"{at}- "
        at = indent
        if isinstance(item, dict) and item:
            _add_map(lines, item, f"{indent}  ", start)
        elif isinstance(item, list) and item:
            _add_list(lines, item, f"{indent}  ", start)
        else:
            lines.append(f"{start}{_scalar(item, indent)}")


@lru_cache(maxsize=4096)  # keys of Kubernetes come again and again
def _key(key: str) -> str:
    if len(key) > _LONG_KEY or not _is_simple(key):
        raise _UnusualError
    return _text(key)


def _scalar(value: ManifestValue, indent: str) -> str:
    if isinstance(value, str):
        return _text(value) if "\n" not in value else _shifted(_of_one(value), indent)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _of_one(value)


def _shifted(text: str, indent: str) -> str:
    """Several lines of text, as far to the right as what they stand in."""
    first, *others = text.split("\n")
    if first.endswith("+"):  # empty lines at the end: the document needs a mark of its own
        raise _UnusualError
    return "\n".join([first, *(f"{indent}{line}" if line else "" for line in others)])


def _text(text: str) -> str:
    if is_sure_text(text):
        return text
    return f'"{text}"' if _is_simple(text) else _of_one(text)


def _is_simple(text: str) -> bool:
    """Whether it can stand in quotes as it is."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _of_one(value: ManifestValue) -> str:
    """What PyYAML writes behind a key."""
    return by_pyyaml({"a": str(value) if isinstance(value, str) else value})[3:-1]


def by_pyyaml(document: Mapping[str, ManifestValue]) -> str:
    """The document as PyYAML writes it."""
    return yaml.dump(
        document,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=_NO_FOLDING,
    )
