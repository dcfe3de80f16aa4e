"""One text in each language, side by side."""

from __future__ import annotations

from typing import NamedTuple


class Wording(NamedTuple):
    """A format string in English and Chinese; both use the same placeholders."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The format string of language ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en
