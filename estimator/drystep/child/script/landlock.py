"""The kernel's own guard (Landlock, Linux 5.13): this process writes below some folders only."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System call numbers; the same on every architecture."""

_PATH_BENEATH = 1
_VERSION_ONLY = 1
_SET_NO_NEW_PRIVILEGES = 38

_WRITES = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
"""write_file, remove_dir, remove_file and the seven make_* rights (linux/landlock.h)."""

_TRUNCATE = 1 << 14
"""Known to the third version of Landlock."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("handled_access_fs", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def allow_writes_below(folders: Sequence[Path]) -> bool:
    """Forbid this process and its children to write elsewhere; False where Linux cannot.

    It cannot be undone. Files that are open already stay as they are.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_ONLY)
    if version < 1:
        return False
    rights = _WRITES | (_TRUNCATE if version >= 3 else 0)
    ruleset = _Ruleset(rights)
    handle = libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    if handle < 0:
        return False
    try:
        added = all(_allow(libc, handle, folder, rights) for folder in folders)
        libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return added and libc.syscall(_RESTRICT_SELF, handle, 0) == 0
    finally:
        os.close(handle)


def _allow(libc: ctypes.CDLL, ruleset: int, folder: Path, rights: int) -> bool:
    parent = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _Beneath(rights, parent)
        return bool(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0) == 0)
    finally:
        os.close(parent)
