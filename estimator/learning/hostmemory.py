"""The host memory of a plan, where past jobs know it better than what was worked out."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from estimator.learning.correction import FEWEST
from estimator.learning.recommend import Recommender
from estimator.learning.state import Groups, State
from estimator.messages import sentence
from estimator.plan.types import HostRequest
from estimator.records.types import JobFacts, Target
from estimator.units import GIB, format_bytes


def from_past_jobs(host: HostRequest, state: State, facts: JobFacts) -> HostRequest:
    """The request with the amount that costs least by what jobs like this one took.

    Stays as it was worked out below ``FEWEST`` jobs of the same kind. What past jobs took may be
    more than what was worked out: then more is asked for. Never less than /dev/shm and 1 GiB,
    as what stands in /dev/shm counts as memory.
    """
    recommender = Recommender(state)
    advice = recommender.advise(Target.HOST_MEMORY, Groups.of(facts), host.memory_bytes)
    if advice.level is None or advice.count < FEWEST:
        return host
    amount = max(ceil(advice.amount / GIB) * GIB, ceil(host.shm_bytes / GIB) * GIB + GIB)
    reason = sentence(
        "{reasons}; {amount} costs least, with a chance of {risk:.2%} that a job takes more; "
        "worked out without past jobs: {before}",
        reasons=advice.reasons,
        amount=format_bytes(amount),
        risk=advice.risk,
        before=format_bytes(host.memory_bytes),
    )
    return replace(host, memory_bytes=amount, memory_reason=reason)
