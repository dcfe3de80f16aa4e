"""Wrong tokens: how often an address may try some, and how many tries are written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from estimator.service.security.rates import Rates

TRIES_PER_MINUTE = 10
"""Of one address, ten of them at once. A token that is known is never held up."""

_WRITTEN_PER_MINUTE = 60
"""Of all addresses together, so that nobody can fill the audit log."""


@dataclass(frozen=True, slots=True)
class Failure:
    """wait: seconds until the address may try again, or 0. written: it goes into the audit log."""

    wait: float
    written: bool


class Failures:
    """Counts what failed since the service was started."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._tries = Rates(TRIES_PER_MINUTE, clock)
        self._written = Rates(_WRITTEN_PER_MINUTE, clock)

    def count(self, address: str) -> Failure:
        """One more of an address."""
        wait = self._tries.wait(address)
        return Failure(wait, written=not wait and not self._written.wait("all"))
