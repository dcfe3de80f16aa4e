"""Host memory that past jobs support."""

from __future__ import annotations

import pytest

from estimator.learning.ending import Ending
from estimator.learning.hostmemory import from_past_jobs
from estimator.learning.state import Basis, Groups, Outcome, State
from estimator.plan.types import HostRequest
from estimator.records.types import JobFacts, Target
from estimator.units import GIB
from tests import builders

FACTS = JobFacts("Net", "T4", "fp32", 8, template="ocr")


def host(memory=16 * GIB, shm=GIB):
    return HostRequest(memory, "worked out", 4, "cores", shm, "batches", builders.feed())


def jobs(*peaks_gib, ending=Ending.BY_ITSELF):
    state = State()
    for number, peak in enumerate(peaks_gib):
        state.observe(
            Outcome(
                Target.HOST_MEMORY,
                Basis.REQUESTED,
                Groups.of(FACTS),
                16.0 * GIB,
                peak * GIB,
                1000.0 + number,
                ending,
            )
        )
    return state


@pytest.mark.parametrize("peaks", [(), (3.0,) * 4])
def test_below_five_jobs_it_stays_as_worked_out(peaks) -> None:
    assert from_past_jobs(host(), jobs(*peaks), FACTS) == host()


def test_jobs_that_took_less_lower_it_and_the_reason_says_what_they_took() -> None:
    asked = from_past_jobs(host(), jobs(*[3.0] * 20), FACTS)
    # never below the highest peak; far below the 16 GiB that were worked out
    assert 3 * GIB <= asked.memory_bytes <= 8 * GIB
    assert asked.memory_bytes % GIB == 0
    assert "20 past jobs of the" in asked.memory_reason
    assert "worked out without past jobs: 16.00 GiB" in asked.memory_reason
    assert (asked.cpu, asked.shm_bytes) == (4, GIB)


def test_jobs_that_took_more_raise_it() -> None:
    assert from_past_jobs(host(), jobs(*[20.0] * 20), FACTS).memory_bytes >= 20 * GIB


def test_what_stands_in_shared_memory_counts_as_memory() -> None:
    asked = from_past_jobs(host(shm=6 * GIB), jobs(*[1.0] * 50), FACTS)
    assert asked.memory_bytes >= 7 * GIB


def test_jobs_of_another_model_say_nothing() -> None:
    other = JobFacts("Other", "T4", "fp32", 8, template="speech")
    assert from_past_jobs(host(), jobs(*[3.0] * 20), other) == host()
