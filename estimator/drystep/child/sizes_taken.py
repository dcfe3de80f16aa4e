"""Which batch sizes the user's own code takes."""

from __future__ import annotations

import math

from estimator.errors import UserCodeFailed
from estimator.messages import sentence


class SizesTaken:
    """The batch sizes that the user's code takes: multiples of a divisor of the asked one.

    Some code halves or folds a batch ("Batch size should be even"), and batch normalisation wants
    more than one sample. ``below``: what is as large does not run for another reason than memory,
    such as more elements than a kernel can count. ``why``: of the first size that was refused.
    """

    def __init__(self, asked: int) -> None:
        powers = [d for d in (1 << n for n in range(asked.bit_length())) if asked % d == 0]
        self._divisors = sorted({*powers, asked})
        self.below = math.inf
        self.why: tuple[str, ...] = ()

    def nearest(self, batch_size: int) -> int:
        """The largest one up to ``batch_size`` that may be taken; 0 where there is none."""
        nearest = batch_size - batch_size % self._divisors[0]
        return nearest if nearest < self.below else 0

    def refuse(self, batch_size: int, error: UserCodeFailed) -> None:
        """The code has raised ``error`` at this batch size, another than the asked one."""
        coarser = [divisor for divisor in self._divisors if batch_size % divisor]
        if coarser:
            self._divisors = self._divisors[self._divisors.index(coarser[0]) :]
        else:
            self.below = batch_size
        self.why = self.why or (
            sentence("batch size {size} does not run: {why}", size=batch_size, why=error.what),
        )
