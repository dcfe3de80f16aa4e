"""Looking up, filling in and translating texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar, cast

from estimator.messages.catalogue import CATALOGUE

Say = Callable[..., str]
"""``say(key, **values)``: :func:`text` in a language chosen beforehand."""

Tree = TypeVar("Tree")


class Language(StrEnum):
    """A language the tool speaks."""

    EN = "en"
    ZH = "zh"


class Message(str):
    """An English sentence that can be said again in another language."""

    key: str
    values: Mapping[str, object]


def text(key: str, language: Language, **values: object) -> str:
    """The text of a key in a language, its ``{placeholders}`` filled from ``values``.

    Raises KeyError for a key or a placeholder that is not there.
    """
    spoken = {name: _spoken(value, language) for name, value in values.items()}
    return CATALOGUE[key].in_language(language).format_map(spoken)


def message(key: str, **values: object) -> Message:
    """The sentence of a key, to be translated where it is shown."""
    sentence = Message(text(key, Language.EN, **values))
    sentence.key, sentence.values = key, values
    return sentence


def translate(sentence: str, language: Language) -> str:
    """A :class:`Message` in the language; any other string unchanged."""
    if isinstance(sentence, Message):
        return text(sentence.key, language, **sentence.values)
    return sentence


def speaker(language: Language) -> Say:
    """``say(key, **values)`` in one language."""
    return lambda key, **values: text(key, language, **values)


def localise(value: Tree, language: Language) -> Tree:
    """A copy of plain data (dataclasses, tuples, lists, mappings) with every Message translated."""
    return value if language is Language.EN else cast(Tree, _localised(value, language))


def language_of(environment: Mapping[str, str]) -> Language:
    """The language of a POSIX locale: the first of LC_ALL, LC_MESSAGES and LANG that is set."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


def _spoken(value: object, language: Language) -> object:
    return translate(value, language) if isinstance(value, Message) else value


def _localised(value: Any, language: Language) -> Any:
    if isinstance(value, str):
        return translate(value, language)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _localised_dataclass(value, language)
    if isinstance(value, tuple):
        return tuple(_localised(item, language) for item in value)
    if isinstance(value, list):
        return [_localised(item, language) for item in value]
    if isinstance(value, Mapping):
        return {key: _localised(item, language) for key, item in value.items()}
    return value


def _localised_dataclass(value: Any, language: Language) -> Any:
    old = {item.name: getattr(value, item.name) for item in dataclasses.fields(value) if item.init}
    new = {name: _localised(item, language) for name, item in old.items()}
    return dataclasses.replace(value, **new)
