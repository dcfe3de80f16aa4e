"""JSON values of a file of any size, one at a time: one a line, or the items of one array."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from estimator.records.reading.lines import LONGEST_LINE, open_bytes, text_lines, unreadable
from estimator.records.reading.problems import Tally

_BLOCK = 1 << 20
_SPACE = " \t\r\n"


def json_values(path: Path, tally: Tally, encoding: str | None) -> Iterator[tuple[str, Any]]:
    """Each value with its place. A line that is not JSON is skipped and counted.

    Raises BadInput for a value longer than LONGEST_LINE, and for an array that is cut off.
    """
    if _starts_array(path):
        for number, value in enumerate(_items(path, encoding or "utf-8-sig"), 1):
            yield f"{path.name}: item {number}", value
        return
    for number, line in enumerate(text_lines(path, tally, encoding), 1):
        if not line.strip():
            continue
        place = f"{path.name}:{number}"
        try:
            yield place, json.loads(line)
        except (ValueError, RecursionError):
            whole = line.endswith("\n")
            tally.skip("not JSON" if whole else "not JSON: the file is cut off", place)


def _starts_array(path: Path) -> bool:
    with open_bytes(path) as stream:
        return stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _items(path: Path, encoding: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace")
        buffer, at = text.read(_BLOCK).lstrip().removeprefix("["), 0
        while True:
            while at < len(buffer) and buffer[at] in _SPACE + ",":
                at += 1
            if buffer.startswith("]", at):
                return
            try:
                value, end = decoder.raw_decode(buffer, at)
            except (ValueError, RecursionError):
                value, end = None, len(buffer)
            if end < len(buffer):
                yield value
                at = end
                continue
            block = text.read(_BLOCK)
            buffer, at = buffer[at:] + block, 0
            if not block:
                raise unreadable(path, "the JSON array is cut off or damaged")
            if len(buffer) > LONGEST_LINE + _BLOCK:
                raise unreadable(path, f"a JSON value is longer than {LONGEST_LINE >> 20} MiB")
