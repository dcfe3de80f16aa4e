"""System calls that no model needs and that reach around the sandbox, as a filter for Linux.

Namespaces hide files, processes and the network; this keeps code from making namespaces of its
own, from memory that no limit counts (memfd), from tracing, and from kinds of socket that a network
namespace does not hold (vsock). Most of it is what Docker's default profile denies.
"""

from __future__ import annotations

import errno
import platform
import struct
from collections.abc import Iterable

_X86_64 = 0xC000003E
_X32_BIT = 0x40000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000
_KILL = 0x80000000

_CLONE, _CLONE3, _SOCKET = 56, 435, 41
_NEW_NAMESPACES = 0x7E020080
"""CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET} (linux/sched.h)."""

_SOCKET_FAMILIES = (1, 2, 10, 16)
"""AF_UNIX, AF_INET, AF_INET6, AF_NETLINK: each held by the network namespace."""

DENIED = {
    "ptrace": 101,
    "pivot_root": 155,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "init_module": 175,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "perf_event_open": 298,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "finit_module": 313,
    "memfd_create": 319,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
    "memfd_secret": 447,
}
"""Numbers on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl); each fails with EPERM."""


def program() -> bytes | None:
    """The filter as ``struct sock_filter[]``; None on a processor it is not written for."""
    if platform.machine() != "x86_64":
        return None
    return b"".join(_instructions())


def _instructions() -> Iterable[bytes]:
    yield _step(_LOAD, _ARCHITECTURE)
    yield _step(_EQUAL, _X86_64, 1, 0)
    yield _step(_RETURN, _KILL)
    yield _step(_LOAD, _NUMBER)
    yield _step(_AT_LEAST, _X32_BIT, 0, 1)
    yield _step(_RETURN, _KILL)
    for number in DENIED.values():
        yield from _when(number, _step(_RETURN, _FAIL | errno.EPERM))
    # The flags of clone3 lie in memory, where a filter cannot look; glibc then uses clone.
    yield from _when(_CLONE3, _step(_RETURN, _FAIL | errno.ENOSYS))
    yield from _when(
        _CLONE,
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _step(_RETURN, _FAIL | errno.EPERM),
        _step(_RETURN, _ALLOW),
    )
    families = len(_SOCKET_FAMILIES)
    yield from _when(
        _SOCKET,
        _step(_LOAD, _FIRST_ARGUMENT),
        *(_step(_EQUAL, one, families - at, 0) for at, one in enumerate(_SOCKET_FAMILIES)),
        _step(_RETURN, _FAIL | errno.EAFNOSUPPORT),
        _step(_RETURN, _ALLOW),
    )
    yield _step(_RETURN, _ALLOW)


def _when(number: int, *steps: bytes) -> Iterable[bytes]:
    """Steps for one system call; its number is what was loaded last."""
    yield _step(_EQUAL, number, 0, len(steps))
    yield from steps


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
