"""What is known of a call before its command line is parsed: needed to report that it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from estimator.messages import Language, Say, language_of, speaker


@dataclass(frozen=True, slots=True)
class Session:
    """The language to speak, and whether defects are shown with their traceback."""

    language: Language
    debug: bool = False

    @property
    def say(self) -> Say:
        return speaker(self.language)

    @classmethod
    def of(cls, argv: Sequence[str], environment: Mapping[str, str]) -> Session:
        """The session of a command line; an unusable ``--lang`` is left to the parser."""
        language = _asked_language(argv) or language_of(environment)
        return cls(language, debug="--debug" in argv)


def _asked_language(argv: Sequence[str]) -> Language | None:
    for word, after in zip_longest(argv, argv[1:], fillvalue=""):
        asked = after if word == "--lang" else word.removeprefix("--lang=")
        if word.startswith("--lang") and asked in set(Language):
            return Language(asked)
    return None
