"""The lines in which a dry step elsewhere speaks: they pass through a log of text.

    paddle-estimate beat                    it is alive
    paddle-estimate progress "running ..."  what it has begun
    paddle-estimate answer 3/17 eJzs...     a part of the packed answer

Everything else in the log is what programs around it print.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections import deque
from collections.abc import Iterator

from estimator.errors import UserCodeFailed
from estimator.messages import sentence

PREFIX = "paddle-estimate"
BEAT = f"{PREFIX} beat"

_PART_LETTERS = 4096
"""Container runtimes break lines of a log at 16 KiB."""

_MOST_PARTS = 1 << 14
_LONGEST_ANSWER = 1 << 28
_KEPT_LINES = 20
_KEPT_LETTERS = 500


def progress_line(text: str) -> str:
    """The line for ``text``."""
    return f"{PREFIX} progress {json.dumps(text)}"


def answer_lines(answer: bytes) -> Iterator[str]:
    """The lines for a report or an error, as :mod:`estimator.drystep.protocol` writes it."""
    packed = base64.b64encode(zlib.compress(answer, 6)).decode()
    parts = [packed[at : at + _PART_LETTERS] for at in range(0, len(packed), _PART_LETTERS)]
    for number, part in enumerate(parts, start=1):
        yield f"{PREFIX} answer {number}/{len(parts)} {part}"


class Listener:
    """What has been heard so far. ``rest``: the last lines that are none of ours."""

    def __init__(self) -> None:
        self.doing = ""
        self.rest: deque[str] = deque(maxlen=_KEPT_LINES)
        self._parts: dict[int, str] = {}
        self._count = 0

    def take(self, line: str) -> None:
        """Hear one line; a line of ours that is broken counts as another program's."""
        prefix, _, said = line.strip().partition(" ")
        kind, _, value = said.partition(" ")
        try:
            if prefix != PREFIX:
                raise ValueError(line)
            self._ours(kind, value)
        except ValueError:
            if line.strip():
                self.rest.append(line.strip()[:_KEPT_LETTERS])

    @property
    def is_complete(self) -> bool:
        """Whether every part of the answer is there."""
        return bool(self._count) and len(self._parts) == self._count

    def answer(self) -> bytes:
        """The whole answer. Raises UserCodeFailed for one that is damaged, as code can do."""
        packed = "".join(self._parts[number] for number in range(1, self._count + 1))
        unpacking = zlib.decompressobj()
        try:
            found = unpacking.decompress(base64.b64decode(packed, validate=True), _LONGEST_ANSWER)
        except (zlib.error, binascii.Error):
            found = b""
        if not found or not unpacking.eof:
            hint = sentence("the same command once more, with a model that prints less")
            raise UserCodeFailed(sentence("the answer of the dry step is damaged"), hint=hint)
        return found

    def _ours(self, kind: str, value: str) -> None:
        if kind == "progress":
            self.doing = str(json.loads(value))
        elif kind == "answer":
            place, _, part = value.partition(" ")
            number, _, count = place.partition("/")
            self._count = int(count)
            if not 0 < int(number) <= self._count <= _MOST_PARTS:
                self._count = 0
                raise ValueError(value)
            self._parts[int(number)] = part
        elif kind != "beat":
            raise ValueError(kind)
