"""Looking up, filling in and translating texts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import is_
from typing import Any, TypeVar, cast

from estimator.messages.catalogue import CATALOGUE
from estimator.messages.chinese import CHINESE

Say = Callable[..., str]
"""``say(key, **values)``: :func:`text` in a language chosen beforehand."""

Tree = TypeVar("Tree")


class Language(StrEnum):
    """A language the tool speaks."""

    EN = "en"
    ZH = "zh"


_COMMA = {Language.EN: ", ", Language.ZH: "、"}


class Lines(tuple[str, ...]):
    """An enumeration with a line of its own for each item."""

    __slots__ = ()


_LISTS = {tuple, Lines}


class Message(str):
    """An English sentence that can be said again in another language.

    ``key`` is a key of the catalogue, or the English format string itself.
    """

    key: str
    values: Mapping[str, object]


def text(key: str, language: Language, **values: object) -> str:
    """The text of a key in a language, its ``{placeholders}`` filled from ``values``.

    Raises KeyError for a key or a placeholder that is not there.
    """
    return _filled(CATALOGUE[key].in_language(language), values, language)


def message(key: str, **values: object) -> Message:
    """The sentence of a key, to be translated where it is shown."""
    sentence = Message(text(key, Language.EN, **values))
    sentence.key, sentence.values = key, values
    return sentence


def sentence(english: str, **values: object) -> Message:
    """The English sentence, to be said in another language where that is known.

    ``english`` is a format string; its translation is found by it in
    :mod:`estimator.messages.chinese`. A value that is a tuple is an enumeration: its items, which
    may be sentences themselves, are joined by commas.
    """
    said = Message(_filled(english, values, Language.EN))
    said.key, said.values = english, values
    return said


def translate(said: str, language: Language) -> str:
    """A :class:`Message` in the language; any other string unchanged."""
    if language is Language.EN or not isinstance(said, Message):
        return said  # a Message is its English text
    if said.key in CATALOGUE:
        return text(said.key, language, **said.values)
    return _filled(CHINESE.get(said.key, said.key), said.values, language)


def speaker(language: Language) -> Say:
    """``say(key, **values)`` in one language."""
    return lambda key, **values: text(key, language, **values)


def localise(value: Tree, language: Language, leaves: tuple[type, ...] = ()) -> Tree:
    """Plain data (dataclasses, tuples, lists, mappings) with every Message translated, but for what
    lies within ``leaves``.
    """
    if language is Language.EN:
        return value
    return map_texts(value, lambda said: translate(said, language), leaves)


def map_texts(value: Tree, change: Callable[[str], str], leaves: tuple[type, ...] = ()) -> Tree:
    """Plain data with every text changed, but for what lies within ``leaves``.

    What has no other text is not copied, and what several share is changed once.
    """
    return cast(Tree, _Changes(change, leaves).of(value))


def to_portable(said: str) -> object:
    """What JSON can carry of a text and :func:`from_portable` makes the same text of again."""
    if not isinstance(said, Message):
        return said
    return {"key": said.key, "values": {k: _portable(v) for k, v in said.values.items()}}


def from_portable(plain: object) -> str:
    """The text, a :class:`Message` where it was one."""
    if not isinstance(plain, Mapping):
        return str(plain)
    values = {name: _revived(value) for name, value in plain["values"].items()}
    make = message if plain["key"] in CATALOGUE else sentence
    return make(plain["key"], **values)


def language_of(environment: Mapping[str, str]) -> Language:
    """The language of a POSIX locale: the first of LC_ALL, LC_MESSAGES and LANG that is set."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = next((name for name in names if name), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


def _filled(wording: str, values: Mapping[str, object], language: Language) -> str:
    if language is Language.EN and _LISTS.isdisjoint(map(type, values.values())):
        return wording.format_map(values)  # said as it is: an answer has thousands of sentences
    return wording.format_map({name: _spoken(one, language) for name, one in values.items()})


def _spoken(value: object, language: Language) -> object:
    if isinstance(value, tuple):
        between = "\n  " if isinstance(value, Lines) else _COMMA[language]
        return between.join(str(_spoken(item, language)) for item in value)
    return translate(value, language) if isinstance(value, Message) else value


def _portable(value: object) -> object:
    if isinstance(value, tuple):
        return [_portable(item) for item in value]
    if isinstance(value, str):
        return to_portable(value)
    return value if isinstance(value, (int, float)) or value is None else str(value)


def _revived(plain: object) -> object:
    if isinstance(plain, list):
        return tuple(_revived(item) for item in plain)
    return from_portable(plain) if isinstance(plain, Mapping) else plain


_WITHOUT_TEXT: tuple[type, ...] = (int, float, type(None), type)


class _Changes:
    """Changes the texts of one tree, which must outlive this: its parts are told apart by where
    they are in memory.
    """

    def __init__(self, change: Callable[[str], str], leaves: tuple[type, ...]) -> None:
        self._change = change
        self._as_they_are = (*_WITHOUT_TEXT, *leaves)
        self._done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._change(value)
        if isinstance(value, self._as_they_are):
            return value
        place = id(value)
        if place not in self._done:
            self._done[place] = self._made_of(value)
        return self._done[place]

    def _made_of(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            return self._dataclass(value)
        if isinstance(value, tuple):
            return self._tuple(value)
        if isinstance(value, list):
            return [self.of(item) for item in value]
        if isinstance(value, Mapping):
            return {key: self.of(item) for key, item in value.items()}
        return value

    def _dataclass(self, value: Any) -> Any:
        old = {name: getattr(value, name) for name in value.__dataclass_fields__}
        new = {name: self.of(item) for name, item in old.items()}
        return value if all(map(is_, old.values(), new.values())) else type(value)(**new)

    def _tuple(self, value: tuple[Any, ...]) -> tuple[Any, ...]:
        new = tuple(self.of(item) for item in value)
        return value if all(map(is_, value, new)) else new
