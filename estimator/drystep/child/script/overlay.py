"""A copy-on-write view of the file system for Python code.

What a script writes lands in a scratch folder under the same path; what it reads comes from there
if it is there, else from where it always was. The user's own files never change. Native code that
writes by itself does not come this way: :mod:`.landlock` keeps it off the user's files.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

_AS_THEY_ARE = ("/dev", "/proc", "/sys")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Overlay:
    """Where each path is to be read and written. All paths are strings from here on.

    scratch: an existing folder, absolute and without links, in which the layer ``name`` holds
    what is written. Nothing is exchanged until :meth:`apply`.
    """

    def __init__(self, scratch: str, name: str) -> None:
        self._scratch = scratch
        self._upper = f"{scratch}/{name}"
        self._removed: set[str] = set()
        self._real = _Functions()

    def reading(self, path: str) -> str:
        """Where ``path`` is read from."""
        absolute = os.path.abspath(path)
        if self._is_outside(absolute):
            return path
        upper = self._upper + absolute
        if self._real.lexists(upper) or absolute in self._removed:
            return upper
        return path

    def writing(self, path: str, *, keep: bool) -> str:
        """Where ``path`` is written to; ``keep``: what it holds already is needed there."""
        absolute = os.path.abspath(path)
        if self._is_outside(absolute):
            return path
        upper = self._upper + absolute
        self._make_parents(absolute)
        if keep and not self._real.lexists(upper) and self._real.isfile(self.reading(path)):
            shutil.copy(absolute, upper)
        self._removed.discard(absolute)
        return upper

    def removing(self, path: str) -> str | None:
        """Hide ``path``; the scratch copy that the caller has yet to remove, if there is one."""
        absolute = os.path.abspath(path)
        if self._is_outside(absolute):
            return path
        here = self.reading(path)
        if not self._real.lexists(here):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if self._real.lexists(absolute):
            self._removed.add(absolute)
        return None if here == path else here

    def names(self, path: str) -> list[str]:
        """What a folder holds, both layers together."""
        absolute = os.path.abspath(path)
        upper = self._upper + absolute
        if self._is_outside(absolute) or not self._real.isdir(upper):
            return self._real.listdir(path)
        names = set(self._real.listdir(upper))
        if self._real.isdir(absolute) and absolute not in self._removed:
            names |= set(self._real.listdir(absolute))
        hidden = {n for n in names if f"{absolute}/{n}" in self._removed}
        return sorted(names - (hidden - set(self._real.listdir(upper))))

    def is_merged(self, path: str) -> bool:
        """Whether a folder has a scratch layer."""
        absolute = os.path.abspath(path)
        return not self._is_outside(absolute) and self._real.isdir(self._upper + absolute)

    def has_removed(self, path: str) -> bool:
        """Whether something in a folder is hidden."""
        prefix = os.path.abspath(path) + "/"
        return any(name.startswith(prefix) for name in self._removed)

    def fork(self, name: str) -> None:
        """Go on in another layer, which begins with all that is in this one."""
        upper = f"{self._scratch}/{name}"
        if self._real.isdir(self._upper):
            shutil.copytree(self._upper, upper, symlinks=True)
        self._upper = upper

    def apply(self) -> None:
        """Exchange Python's file functions in this process."""
        _exchange(self)

    def _is_outside(self, absolute: str) -> bool:
        own = absolute == self._scratch or absolute.startswith(self._scratch + "/")
        return own or absolute.startswith(tuple(f"{root}/" for root in _AS_THEY_ARE))

    def _make_parents(self, absolute: str) -> None:
        """The scratch folders above a path, as far as the user's own folders go."""
        parent = os.path.dirname(absolute)
        if self._real.isdir(self.reading(parent)):
            self._real.makedirs(self._upper + parent)


class _Functions:
    """The file functions as they were: those of this module must not come by here again."""

    def __init__(self) -> None:
        self._stat, self._lstat, self._mkdir = os.stat, os.lstat, os.mkdir
        self.listdir: Callable[[str], list[str]] = os.listdir

    def lexists(self, path: str) -> bool:
        return self._succeeds(self._lstat, path)

    def isfile(self, path: str) -> bool:
        return self._is_kind(path, 0o100000)

    def isdir(self, path: str) -> bool:
        return self._is_kind(path, 0o040000)

    def makedirs(self, path: str) -> None:
        if self.isdir(path):
            return
        self.makedirs(os.path.dirname(path))
        self._mkdir(path)

    def _is_kind(self, path: str, kind: int) -> bool:
        try:
            return self._stat(path).st_mode & 0o170000 == kind
        except (OSError, ValueError):
            return False

    @staticmethod
    def _succeeds(function: Callable[[str], object], path: str) -> bool:
        try:
            function(path)
        except (OSError, ValueError):
            return False
        return True


def _text(path: Any) -> str | None:
    """``path`` as text; None for a file descriptor and what is no path at all."""
    if isinstance(path, int) or path is None:
        return None
    try:
        return os.fsdecode(path)
    except TypeError:
        return None


def _exchange(overlay: Overlay) -> None:
    builtins.open = io.open = _opening(builtins.open, overlay)
    os.open = _opening_low(os.open, overlay)
    for name in ("stat", "lstat", "access", "readlink", "chdir"):
        setattr(os, name, _on_path(getattr(os, name), overlay.reading))
    for name in ("chmod", "utime", "truncate", "chown"):
        setattr(os, name, _on_path(getattr(os, name), lambda p: overlay.writing(p, keep=True)))
    for name in ("mkdir", "mkfifo", "mknod"):
        setattr(os, name, _making(getattr(os, name), overlay))
    for name in ("remove", "unlink", "rmdir"):
        setattr(os, name, _removing(getattr(os, name), overlay, is_folder=name == "rmdir"))
    os.rename = os.replace = _renaming(os.replace, overlay)
    os.symlink = _linking(os.symlink, overlay)
    os.link = _linking(lambda source, to: shutil.copy(overlay.reading(source), to), overlay)
    real_scandir = os.scandir
    os.listdir = _listing(os.listdir, overlay)
    os.scandir = _scanning(real_scandir, overlay)
    shutil._use_fd_functions = False  # type: ignore[attr-defined]  # paths, not descriptors


def _opening(real: Any, overlay: Overlay) -> Any:
    def open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        path = _text(file)
        if path is None or "opener" in kwargs:
            return real(file, mode, *args, **kwargs)
        if not set(mode) & set("wax+"):
            return real(overlay.reading(path), mode, *args, **kwargs)
        if "x" in mode and os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        return real(overlay.writing(path, keep="w" not in mode), mode, *args, **kwargs)

    return open


def _opening_low(real: Any, overlay: Overlay) -> Any:
    def open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        name = _text(path)
        if name is None or dir_fd is not None:
            return int(real(path, flags, mode, dir_fd=dir_fd))
        if not flags & _WRITING:
            return int(real(overlay.reading(name), flags, mode))
        if flags & os.O_EXCL and os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        return int(real(overlay.writing(name, keep=not flags & os.O_TRUNC), flags, mode))

    return open


def _on_path(real: Any, placed: Callable[[str], str]) -> Any:
    def function(path: Any = ".", *args: Any, **kwargs: Any) -> Any:
        name = _text(path)
        if name is None or kwargs.get("dir_fd") is not None:
            return real(path, *args, **kwargs)
        return real(placed(name), *args, **kwargs)

    return function


def _making(real: Any, overlay: Overlay) -> Any:
    def make(path: Any, *args: Any, **kwargs: Any) -> Any:
        name = _text(path)
        if name is None or kwargs.get("dir_fd") is not None:
            return real(path, *args, **kwargs)
        if os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        return real(overlay.writing(name, keep=False), *args, **kwargs)

    return make


def _removing(real: Any, overlay: Overlay, *, is_folder: bool) -> Any:
    def remove(path: Any, *args: Any, **kwargs: Any) -> None:
        name = _text(path)
        if name is None or kwargs.get("dir_fd") is not None:
            real(path, *args, **kwargs)
            return
        if is_folder and overlay.names(name):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), name)
        here = overlay.removing(name)
        if here is not None:
            real(here)

    return remove


def _renaming(real: Any, overlay: Overlay) -> Any:
    def rename(source: Any, target: Any, *args: Any, **kwargs: Any) -> None:
        old, new = _text(source), _text(target)
        if old is None or new is None or args or kwargs:
            real(source, target, *args, **kwargs)
            return
        here = overlay.reading(old)
        there = overlay.writing(new, keep=False)
        if os.path.isdir(here):
            shutil.copytree(here, there, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(here, there)
        rest = overlay.removing(old)
        if rest is not None:
            shutil.rmtree(rest) if os.path.isdir(rest) else os.unlink(rest)

    return rename


def _linking(real: Any, overlay: Overlay) -> Any:
    def link(source: Any, target: Any, *_: Any, **__: Any) -> None:
        name = os.fsdecode(target)
        if os.path.lexists(name):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        real(source, overlay.writing(name, keep=False))

    return link


def _listing(real: Any, overlay: Overlay) -> Any:
    def listdir(path: Any = ".") -> Any:
        name = _text(path)
        if name is None or not (overlay.is_merged(name) or overlay.has_removed(name)):
            return real(path)
        return overlay.names(name)

    return listdir


def _scanning(real: Any, overlay: Overlay) -> Any:
    def scandir(path: Any = ".") -> Any:
        name = _text(path)
        if name is None or not (overlay.is_merged(name) or overlay.has_removed(name)):
            return real(path)
        return _Entries(real, overlay, name)

    return scandir


class _Entries:
    """The entries of both layers, as the context manager and iterator that scandir gives."""

    def __init__(self, real: Any, overlay: Overlay, folder: str) -> None:
        self._entries = self._of(real, overlay, folder)

    @staticmethod
    def _of(real: Any, overlay: Overlay, folder: str) -> Iterator[Any]:
        for name in overlay.names(folder):
            place = overlay.reading(os.path.join(folder, name))
            with real(os.path.dirname(place) or ".") as entries:
                yield from (entry for entry in entries if entry.name == name)

    def __iter__(self) -> Iterator[Any]:
        return self._entries

    def __next__(self) -> Any:
        return next(self._entries)

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """As scandir's."""
