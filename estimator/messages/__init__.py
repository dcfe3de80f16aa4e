"""Every text for people, in English and Chinese.

A room says a sentence with :func:`message`. What it gets is an ordinary string (the English
sentence) that remembers its key and values, so a ``reason: str`` field stays a ``str`` and a
front end can say it again in the reader's language with :func:`translate` or, for a whole
result, :func:`localise`. A string that is not a :class:`Message` is shown as it is.
"""

from estimator.messages.speech import (
    Language,
    Message,
    Say,
    language_of,
    localise,
    message,
    speaker,
    text,
    translate,
)

__all__ = [
    "Language",
    "Message",
    "Say",
    "language_of",
    "localise",
    "message",
    "speaker",
    "text",
    "translate",
]
