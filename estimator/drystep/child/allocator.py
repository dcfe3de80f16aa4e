"""The strategy of Paddle's allocator: the one that the user asks for, and the step's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from estimator.drystep.allocator import AllocatorRule, Preallocation
from estimator.units import MIB

_STRATEGY = "FLAGS_allocator_strategy"


@contextmanager
def auto_growth_for_paddle() -> Iterator[None]:
    """Import Paddle within this context: it runs its default strategy, whatever is asked for.

    A dry step is measured on a device that has no end; ``naive_best_fit`` would take most of it.
    """
    asked = os.environ.get(_STRATEGY)
    os.environ[_STRATEGY] = "auto_growth"
    try:
        yield
    finally:
        if asked is None:
            del os.environ[_STRATEGY]
        else:
            os.environ[_STRATEGY] = asked


def strategy() -> str:
    """The strategy that is asked for, by the environment or by ``paddle.set_flags``."""
    said = str(flag(_STRATEGY, "auto_growth"))
    return said if said != "auto_growth" else os.environ.get(_STRATEGY, said)


def allocator_rule() -> AllocatorRule:
    """What the flags of the user say of how the allocator takes memory of a card."""
    limit = _megabytes("FLAGS_gpu_memory_limit_mb")
    if strategy() != "naive_best_fit":
        return AllocatorRule(limit_bytes=limit)
    return AllocatorRule(
        Preallocation(
            fraction=float(flag("FLAGS_fraction_of_gpu_memory_to_use", 0.92)),
            first_bytes=_megabytes("FLAGS_initial_gpu_memory_in_mb"),
            further_bytes=_megabytes("FLAGS_reallocate_gpu_memory_in_mb"),
        ),
        limit,
    )


def flag(name: str, default: Any) -> Any:
    """What Paddle says of a flag, or the default where this build does not know it."""
    import paddle

    try:
        return paddle.get_flags([name])[name]
    except ValueError:
        return default


def _megabytes(name: str) -> int | None:
    """Bytes of a flag in MiB, of which 0 says nothing."""
    return int(flag(name, 0)) * MIB or None
