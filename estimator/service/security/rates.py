"""How often somebody may ask: a bucket that refills steadily."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

_MOST_KEYS = 10_000


class Rates:
    """Buckets by key; each holds as many requests as refill in ten seconds, at least ten."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._room = max(10.0, per_minute / 6)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Take one request of a key: 0, or the seconds until there is one again."""
        now = self._clock()
        level, at = self._buckets.pop(key, (self._room, now))
        level = min(self._room, level + (now - at) * self._per_second)
        taken = level >= 1
        self._buckets[key] = (level - 1 if taken else level, now)
        if len(self._buckets) > _MOST_KEYS:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._per_second
