"""Writes documents as YAML that every reader takes for the same values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from estimator.manifest.scalars import is_sure_text
from estimator.manifest.types import ManifestValue

_NO_FOLDING = 1 << 30


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


def _document(document: Mapping[str, ManifestValue]) -> str:
    return yaml.dump(
        dict(document),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=_NO_FOLDING,
    )
