"""The collectives of a rank that runs alone, and the small messages of its peers."""

from __future__ import annotations

import ctypes
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from paddle.base import core

from estimator.drystep.child.virtual import PHASES
from estimator.drystep.measurement import Phase

_STORE_SECONDS = 60


class CollectiveKind(StrEnum):
    """What a collective does; in the order of the plug-in's own numbers."""

    ALL_REDUCE = "all_reduce"
    BROADCAST = "broadcast"
    REDUCE = "reduce"
    ALL_GATHER = "all_gather"
    REDUCE_SCATTER = "reduce_scatter"
    SEND = "send"
    RECEIVE = "receive"
    ALL_TO_ALL = "all_to_all"


@dataclass(frozen=True, slots=True)
class Collective:
    """One collective of a recorded step, in the order of the calls.

    bytes: what this rank puts in (receive: takes out). communicator: groups are numbered as they
    are first used; ranks and rank: size of that group and the place in it. peer: the other rank of
    a send or receive, the root of a broadcast or reduce, None elsewhere. launch: how many kernels
    of the step had been launched before it.
    """

    kind: CollectiveKind
    communicator: int
    ranks: int
    rank: int
    peer: int | None
    phase: Phase
    launch: int
    bytes: int


class _Collective(ctypes.Structure):
    _fields_ = [
        ("kind", ctypes.c_int32),
        ("communicator", ctypes.c_int32),
        ("ranks", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("peer", ctypes.c_int32),
        ("phase", ctypes.c_int32),
        ("launch", ctypes.c_int64),
        ("bytes", ctypes.c_uint64),
    ]


_KINDS = tuple(CollectiveKind)
_TAKE = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_char), ctypes.c_uint64)


class LoneRank:
    """The process as one rank of many. Made once, before Paddle's groups are."""

    def __init__(self, library: Path) -> None:
        self._library = _bind(ctypes.CDLL(str(library)))
        _use_a_store_of_its_own()

    def forget(self) -> None:
        """Start the list of collectives anew."""
        self._library.vgpu_clear_collectives()

    def collectives(self) -> tuple[Collective, ...]:
        """Those of recorded steps since :meth:`forget`."""
        noted = (_Collective * self._library.vgpu_collectives(None, 0))()
        self._library.vgpu_collectives(noted, len(noted))
        return tuple(map(_collective, noted))

    def expect(self, messages: Sequence[bytes]) -> None:
        """What peers will have sent, in order: the next receive of a message's size gets it.

        A receive that finds no message of its size gets zeros.
        """
        sizes = (ctypes.c_uint64 * len(messages))(*map(len, messages))
        self._library.vgpu_expect_mail(b"".join(messages), sizes, len(messages))

    def sent(self) -> tuple[bytes, ...]:
        """The small messages that this rank has sent since the last call, in order."""
        taken: list[bytes] = []
        take = _TAKE(lambda address, size: taken.append(ctypes.string_at(address, size)))
        self._library.vgpu_take_mail(take)
        return tuple(taken)


def _collective(noted: Any) -> Collective:
    return Collective(
        kind=_KINDS[noted.kind],
        communicator=noted.communicator,
        ranks=noted.ranks,
        rank=noted.rank,
        peer=None if noted.peer < 0 else noted.peer,
        phase=PHASES[noted.phase],
        launch=noted.launch,
        bytes=noted.bytes,
    )


def _use_a_store_of_its_own() -> None:
    """Give Paddle a key-value store that this process alone keeps, whatever address it asks for."""
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
    library.vgpu_take_mail.restype = None
    library.vgpu_take_mail.argtypes = [_TAKE]
    return library
