"""Lines of a text file of any size, none of them longer than a bound."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.records.reading.problems import Tally

LONGEST_LINE = 16 << 20
"""Bytes; a longer line is no record of a job, and reading it would fill the memory."""

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, uncompressed where its name ends in .gz, .bz2 or .xz.

    Raises BadInput for a file that cannot be opened, or breaks off while it is uncompressed.
    """
    opener = _OPENERS.get(path.suffix, open)
    try:
        with cast(IO[bytes], opener(path, "rb")) as stream:
            yield stream
    except (EOFError, lzma.LZMAError) as error:
        raise unreadable(path, f"the compressed file is cut off or damaged: {error}") from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def unreadable(path: Path, why: str, line: int | None = None) -> BadInput:
    """The error of a file that cannot be read."""
    where = str(path) if line is None else f"{path}:{line}"
    hint = sentence("nothing was imported; correct the file and run again")
    return BadInput(why, where=where, hint=hint)


def text_lines(path: Path, tally: Tally, encoding: str | None = None) -> Iterator[str]:
    """The lines of a text file with their line ends.

    Bytes that are not of the encoding (UTF-8, or what a byte order mark says) become the
    replacement character and are counted as doubtful. Raises BadInput for a line longer than
    LONGEST_LINE, which is not read whole.
    """
    with open_bytes(path) as stream:
        start = stream.read(3)
    known = encoding or next((name for mark, name in _MARKS.items() if start.startswith(mark)), "")
    if known.startswith("utf-16"):
        yield from _decoded_stream(path, known)
        return
    for number, raw in _raw_lines(path):
        yield _decoded(raw, known or "utf-8", f"{path.name}:{number}", tally)


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with open_bytes(path) as stream:
        for number in range(1, 1 << 62):
            line = stream.readline(LONGEST_LINE + 1)
            if not line:
                return
            if len(line) > LONGEST_LINE:
                raise unreadable(path, f"a line is longer than {LONGEST_LINE >> 20} MiB", number)
            yield number, line


def _decoded(raw: bytes, encoding: str, place: str, tally: Tally) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        tally.doubt(f"bytes that are not {encoding}, replaced by \N{REPLACEMENT CHARACTER}", place)
        return raw.decode(encoding, "replace")
    except LookupError:
        what = sentence("'{encoding}' is no encoding", encoding=encoding)
        raise BadInput(what, where="--encoding", hint="gbk") from None


def _decoded_stream(path: Path, encoding: str) -> Iterator[str]:
    import io

    with open_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
        for number in range(1, 1 << 62):
            line = text.readline(LONGEST_LINE + 1)
            if not line:
                return
            if len(line) > LONGEST_LINE:
                raise unreadable(path, f"a line is longer than {LONGEST_LINE >> 20} MiB", number)
            yield line
