"""Which optimizers a script makes, and how often each updates."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator
from typing import Any

from estimator.drystep.child.script.model_seen import wrapped_optimizers


class OptimizersSeen:
    """Optimizers in the order of their first update, each known by its place in it.

    A training step is counted by one of them, the lead. Where that is not the one that updates
    least often (the generator of a WGAN, after several updates of the critic), a step of another
    lead is the whole cycle.
    """

    def __init__(self) -> None:
        self._made: list[weakref.ref[Any]] = []
        self._updates: Counter[int] = Counter()
        self._order: list[int] = []
        self._kept: list[Any] = []  # so that no other one gets the identity of one that is gone

    def made(self, optimizer: Any) -> None:
        """The script has made one."""
        self._made.append(weakref.ref(optimizer))

    def updated(self, optimizer: Any) -> int:
        """``optimizer`` has done an update; returns its place."""
        if id(optimizer) not in self._updates:
            self._order.append(id(optimizer))
            self._kept += wrapped_optimizers(optimizer)
        self._updates[id(optimizer)] += 1
        return self._order.index(id(optimizer))

    def idle(self) -> Iterator[Any]:
        """Those that train something, but have not updated it yet."""
        active = {id(optimizer) for optimizer in self._kept}
        for made in self._made:
            optimizer = made()
            if optimizer is not None and id(optimizer) not in active and _trains(optimizer):
                yield optimizer

    def slowest(self, lead: int) -> int:
        """The one that updates least often; ``lead`` unless that updates twice as often."""
        counts = [self._updates[known] for known in self._order]
        fewest = min(counts, default=0)
        return counts.index(fewest) if counts and counts[lead] >= 2 * fewest else lead


def _trains(optimizer: Any) -> bool:
    found = getattr(optimizer, "_parameter_list", None) or ()
    flat = (p for each in found for p in (each["params"] if isinstance(each, dict) else (each,)))
    return any(not parameter.stop_gradient for parameter in flat)
