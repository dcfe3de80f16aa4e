"""The collectives of a rank that runs alone, and the small messages of its peers."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from paddle.base import core
from paddle.distributed.communication import group as groups

from estimator.drystep.child.virtual import PHASES
from estimator.drystep.cluster import CollectiveKind, CollectiveUse, Letter

_STORE_SECONDS = 60


class _Collective(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int32),
        ("group", ctypes.c_int32),
        ("ranks", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("peer", ctypes.c_int32),
        ("phase", ctypes.c_int32),
        ("launch", ctypes.c_int64),
        ("bytes", ctypes.c_uint64),
    ]


_KINDS = tuple(CollectiveKind)
_TAKE = ctypes.CFUNCTYPE(
    None, ctypes.c_int32, ctypes.c_int32, ctypes.POINTER(ctypes.c_char), ctypes.c_uint64
)


class LoneRank:
    """The process as one rank of many. Made once, before Paddle's groups are."""

    def __init__(self, library: Path) -> None:
        self._library = _bind(ctypes.CDLL(str(library)))
        _use_a_store_of_its_own()

    def forget(self) -> None:
        """Start the list of collectives anew."""
        self._library.vgpu_clear_collectives()

    def collectives(self) -> tuple[CollectiveUse, ...]:
        """Those of recorded steps since :meth:`forget`, in order, equal ones in a row as one."""
        noted = (_Collective * self._library.vgpu_collectives(None, 0))()
        self._library.vgpu_collectives(noted, len(noted))
        runs = (
            (key, sum(1 for _ in same))
            for key, same in groupby(noted, lambda c: (c.kind, c.group, c.peer, c.phase, c.bytes))
        )
        names = _names_of_groups()
        return tuple(
            CollectiveUse(
                kind=_KINDS[kind],
                group=names.get(group, f"group {group}"),
                ranks=_ranks_of(group),
                peer=None if peer < 0 else _ranks_of(group)[peer],
                phase=PHASES[phase],
                bytes=size,
                count=count,
            )
            for (kind, group, peer, phase, size), count in runs
        )

    def expect(self, messages: Sequence[bytes]) -> None:
        """What peers will have sent, in order: the next receive of a message's size gets it.

        A receive that finds no message of its size gets what this rank sent last of that size, as
        from an equal, or else zeros.
        """
        sizes = (ctypes.c_uint64 * len(messages))(*map(len, messages))
        self._library.vgpu_expect_mail(b"".join(messages), sizes, len(messages))

    def sent(self) -> tuple[Letter, ...]:
        """The small messages that this rank has sent, in order."""
        taken: list[Letter] = []

        def take(group: int, peer: int, address: Any, size: int) -> None:
            text = ctypes.string_at(address, size).hex()
            taken.append(Letter(to=_ranks_of(group)[peer], text=text))

        self._library.vgpu_sent_mail(_TAKE(take))
        return tuple(taken)


def _ranks_of(group: int) -> tuple[int, ...]:
    return tuple(groups._GroupManager.group_map_by_id[group].ranks)


_AXES = {"pp": "pipe", "dp": "data", "mp": "model", "sharding": "sharding", "sep": "sep"}
"""Fleet's short names of the axes in attributes, and the names in its topology."""


def _names_of_groups() -> dict[int, str]:
    """Of the groups along Fleet's axes the axis, of the group of all ranks ``world``."""
    fleet = hybrid_group()
    found = {0: "world"}
    for short, name in _AXES.items():
        group = getattr(fleet, f"_{short}_comm_group", None)
        if group is not None and group.nranks > 1:
            found[group.id] = name
    return found


def hybrid_group() -> Any:
    """Fleet's communicate group of the process; None where Fleet is not used."""
    from paddle.distributed.fleet.base import topology

    return topology._HYBRID_PARALLEL_GROUP


def _use_a_store_of_its_own() -> None:
    """Give Paddle a key-value store that this process alone keeps, whatever address it asks for.

    What is kept in it is kept by device/source/lonely_store.cpp; the object is for the type.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = core.TCPStore("127.0.0.1", port, True, 1, _STORE_SECONDS)
    for name in ("TCPStore", "create_or_get_global_tcp_store"):
        setattr(core, name, lambda *_, **__: store)


def _bind(library: Any) -> Any:
    library.vgpu_collectives.restype = ctypes.c_uint64
    library.vgpu_collectives.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    library.vgpu_clear_collectives.restype = None
    library.vgpu_expect_mail.restype = None
    library.vgpu_expect_mail.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_uint64]
    library.vgpu_sent_mail.restype = None
    library.vgpu_sent_mail.argtypes = [_TAKE]
    return library
