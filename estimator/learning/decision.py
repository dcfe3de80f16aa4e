"""What to ask for: the amount whose expected cost is least.

Asking for more costs memory for as long as the job runs; asking for too little costs an
out-of-memory with its retry. With the distribution of the peak known, the cheapest amount is a
quantile of it, and which quantile follows from the two prices and from how much memory-time this
kind of job takes: jobs that cost next to nothing get ample room, the expensive ones a tight fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

from estimator.defaults import OOM_PRICE, WASTE_PRICE
from estimator.learning.tail import UpperTail

UNSEEN_SHARE = 0.95
"""Share of the request for a job of a template that never ran: of 126 templates of four public
workflow traces, none took more than 0.893 of what it asked for, so that the chance of one more to
exceed 0.95 is below 1/127 (rank of a new template among exchangeable ones)."""

OOM_GROWTH = 1.2
"""After an out-of-memory at a limit, at least this times the limit is asked for, as the
Kubernetes Vertical Pod Autoscaler does (``oom-bump-up-ratio``)."""

_STEPS = 48
"""Amounts that are compared, evenly spaced in the logarithm between the highest peak and the cap:
in a range of 1:10 they are 5 % apart."""


@dataclass(frozen=True, slots=True)
class Prices:
    """out_of_memory: of one under-allocation and its retry, in average jobs. waste: of memory-time.

    Only their ratio matters.
    """

    out_of_memory: float = OOM_PRICE
    waste: float = WASTE_PRICE

    def __post_init__(self) -> None:
        prices = (self.out_of_memory, self.waste)
        if not all(math.isfinite(price) and price > 0 for price in prices):
            raise ValueError("a price must be a number above zero")


@dataclass(frozen=True, slots=True)
class Choice:
    """An amount, and the chance that the job takes more."""

    amount: float
    risk: float


def cheapest(tail: UpperTail, cap: float, job_size: float, prices: Prices) -> Choice:
    """The amount between the highest peak seen and ``cap`` with the least expected cost.

    cap: the largest amount worth asking for, in the unit of the values. job_size: memory-time of
    this job at the cap, in average jobs. A cap at or below the highest peak is what is asked for
    then: nothing seen supports less than the highest peak.
    """
    import numpy as np

    highest = math.exp(tail.highest)
    if highest >= cap:
        return Choice(highest, float(tail.survival(np.array(tail.highest))))
    logs = tail.highest + (math.log(cap) - tail.highest) * _grid()
    risk = tail.survival(logs)
    # at the cap the job runs as it would have run without advice: that risk is not ours
    risk[-1] = 0.0
    cost = prices.waste * job_size * np.exp(logs) / cap + prices.out_of_memory * risk
    best = int(np.argmin(cost))
    amount = cap if best == len(logs) - 1 else math.exp(logs[best])
    return Choice(amount, float(risk[best]))


@cache
def _grid() -> Any:
    import numpy as np

    return np.linspace(0.0, 1.0, _STEPS)
