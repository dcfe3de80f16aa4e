"""Uploaded archives, unpacked in memory: nothing in them is believed."""

from __future__ import annotations

import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO

from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.service.settings import Bounds

_CHUNK = 1 << 16
_LONGEST_NAME = 240
_PACK = "tar -hczf code.tar.gz -C FOLDER ."
"""Names within the folder, and in place of a link what it leads to."""

_DAMAGES = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError),
)
"""What Python's readers of archives raise for those that are broken, encrypted or unknown."""

Member = tuple[str, Iterator[bytes]]


def files_of(name: str, content: bytes, bounds: Bounds) -> dict[str, bytes]:
    """The files of an upload by their relative names: of an archive those in it, else itself.

    Raises BadInput for names that lead out, links, devices, and archives that unpack to more than
    the bounds allow.
    """
    is_zip = zipfile.is_zipfile(io.BytesIO(content))
    if not is_zip and not _is_tar(name):
        return {_safe(PurePosixPath(name.replace("\\", "/")).name, name): content}
    members = _zipped(name, content) if is_zip else _tarred(name, content)
    try:
        return _within(name, members, bounds)
    except _DAMAGES as error:
        said = str(error)[:80] or type(error).__name__
        what = sentence("the archive is damaged: {why}", why=said)
        hint = f"unzip -t {name}" if is_zip else f"tar -tf {name}"
        raise BadInput(what, where=name, hint=hint) from error


def _is_tar(name: str) -> bool:
    return name.endswith((".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2"))


def _within(archive: str, members: Iterator[Member], bounds: Bounds) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    room = bounds.unpacked_bytes
    for name, chunks in members:
        parts: list[bytes] = []
        for chunk in chunks:
            room -= len(chunk)
            if room < 0:
                raise BadInput(
                    sentence("unpacks to more than {count} bytes", count=bounds.unpacked_bytes),
                    where=archive,
                    hint=sentence("leave out data and checkpoints"),
                )
            parts.append(chunk)
        files[_safe(name, archive)] = b"".join(parts)
        if len(files) > bounds.files:
            raise BadInput(
                sentence("holds more than {count} files", count=bounds.files),
                where=archive,
                hint=sentence("leave out data and checkpoints"),
            )
    if not files:
        raise BadInput(sentence("the archive is empty"), where=archive, hint=_PACK)
    return files


def _zipped(archive: str, content: bytes) -> Iterator[Member]:
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        for one in opened.infolist():
            if one.is_dir():
                continue
            if stat.S_IFMT(one.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _no_file(archive, one.filename)
            with opened.open(one) as file:
                yield one.filename, _chunks(file)


def _tarred(archive: str, content: bytes) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(content)) as opened:
        for one in opened:
            if one.isdir():
                continue
            file = opened.extractfile(one) if one.isreg() else None
            if file is None or one.issparse():
                raise _no_file(archive, one.name)
            yield one.name, _chunks(file)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _safe(name: str, archive: str) -> str:
    """A relative name without ``..``; raises BadInput for others."""
    path = PurePosixPath(name)
    is_text = name.isprintable() and "\\" not in name and 0 < len(name) <= _LONGEST_NAME
    if not is_text or path.is_absolute() or ".." in path.parts or not path.parts:
        raise BadInput(
            sentence("the name {name} leads out of the folder", name=repr(name)[:80]),
            where=archive,
            hint=_PACK,
        )
    return str(path)


def _no_file(archive: str, name: str) -> BadInput:
    return BadInput(
        sentence("{name} is a link or a device, not a file", name=repr(name)[:80]),
        where=archive,
        hint=_PACK,
    )
