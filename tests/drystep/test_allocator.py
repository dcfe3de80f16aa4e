"""What Paddle's allocator takes of a card where it is told not to take by need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.allocator import BY_NEED, AllocatorRule, Preallocation
from estimator.units import GIB, MIB

BYTES = st.integers(MIB, 1 << 40)
FREE = 10_000 * MIB


def test_by_need_nothing_changes() -> None:
    assert BY_NEED.room(FREE) == FREE


@pytest.mark.parametrize(
    ("pool", "first", "room"),
    [
        # 5 % are left alone: 0.92 x 9,500 MiB. A second piece is not counted on.
        (Preallocation(0.92), 8740, 8740),
        (Preallocation(0.5), 4750, 4750),
        # The pieces after 1,000 MiB are of 0.92 x 0.95 of what is left, 9,000 MiB.
        (Preallocation(0.92, first_bytes=1000 * MIB), 1000, 1000 + 7866),
        # Pieces of 500 MiB, or as large as the tensor, until nothing is left.
        (Preallocation(0.92, first_bytes=1000 * MIB, further_bytes=500 * MIB), 1000, 10_000),
        (Preallocation(0.92, further_bytes=500 * MIB), 8740, 10_000),
        # "Not enough available GPU memory": Paddle does not start.
        (Preallocation(0.92, first_bytes=9600 * MIB), 9600, 0),
    ],
)
def test_the_first_piece_and_the_room(pool: Preallocation, first: int, room: int) -> None:
    assert pool.first(FREE) // MIB == first
    assert pool.room(FREE) // MIB == room


def test_what_is_held() -> None:
    by_share = Preallocation(0.92)
    assert by_share.held(1, FREE) == by_share.held(8000 * MIB, FREE) == 8740 * MIB
    in_pieces = Preallocation(0.92, first_bytes=1000 * MIB, further_bytes=500 * MIB)
    assert in_pieces.held(900 * MIB, FREE) == 1000 * MIB
    assert in_pieces.held(1700 * MIB, FREE) == 2000 * MIB  # two more
    assert in_pieces.held(9900 * MIB, FREE) == FREE
    grown = Preallocation(0.92, first_bytes=1000 * MIB)
    assert grown.held(1001 * MIB, FREE) == (1000 + 7866) * MIB


def test_a_limit_is_all_there_is() -> None:
    limited = AllocatorRule(limit_bytes=2 * GIB)
    assert limited.room(FREE) == 2 * GIB
    assert limited.room(GIB) == GIB
    half = AllocatorRule(Preallocation(0.5), 2000 * MIB)
    assert half.room(FREE) // MIB == 950  # 0.5 x 0.95 x 2,000


@given(
    need=BYTES,
    free=BYTES,
    fraction=st.floats(0.01, 1),
    first=st.none() | BYTES,
    further=st.none() | BYTES,
)
def test_what_fits_is_held_within_the_device(
    need: int, free: int, fraction: float, first: int | None, further: int | None
) -> None:
    pool = Preallocation(fraction, first, further)
    held = pool.held(need, free)
    assert pool.room(free) <= free
    if need <= pool.room(free):
        assert need <= held <= free
    else:
        assert held > free
