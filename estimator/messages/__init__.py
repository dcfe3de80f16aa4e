"""Every text for people, in English and Chinese.

A room says what it found with :func:`sentence`, in English, where it found it. What it gets is an
ordinary string that remembers its format string and values, so a ``reason: str`` field stays a
``str`` and a front end can say it again in the reader's language with :func:`translate` or, for a
whole result, :func:`localise`; the Chinese stands in :mod:`estimator.messages.chinese`. The texts
of the front ends themselves, by key in both languages, are said with :func:`text` and
:func:`message`. A string that is not a :class:`Message` is shown as it is.
"""

from estimator.messages.speech import (
    Language,
    Lines,
    Message,
    Say,
    from_portable,
    language_of,
    localise,
    map_texts,
    message,
    sentence,
    speaker,
    text,
    to_portable,
    translate,
)

__all__ = [
    "Language",
    "Lines",
    "Message",
    "Say",
    "from_portable",
    "language_of",
    "localise",
    "map_texts",
    "message",
    "sentence",
    "speaker",
    "text",
    "to_portable",
    "translate",
]
