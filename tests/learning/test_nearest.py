"""The past jobs that are most like one."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from estimator.learning.nearest import COLUMNS, nearest
from estimator.records.types import JobFacts
from estimator.units import GIB

ASKED = JobFacts("Net", "T4", "fp32", 32, gpu_count=2)


def job(identifier, **values):
    """A row as a store gives it: the asked job, but for these values."""
    same = {
        "identifier": identifier,
        "finished_at": pd.Timestamp("2026-11-01T12:00Z"),
        "status": "succeeded",
        "template": "classification",
        "gpu": "T4",
        "gpu_count": 2.0,
        "precision": "fp32",
        "per_device_batch_size": 32.0,
        "peak_device_bytes": 5.0 * GIB,
        "peak_memory_bytes": math.nan,
        "step_time_s": 0.3,
        "duration_s": math.nan,
    }
    return same | values


def near(*jobs, most=3):
    return nearest(pd.DataFrame(jobs, columns=list(COLUMNS)), ASKED, most)


def test_what_is_alike_comes_first_and_what_differs_is_said() -> None:
    found = near(
        job("other GPU", gpu="V100"),  # 2 away
        job("other batch", per_device_batch_size=64.0),  # one doubling
        job("half precision and count", precision="amp-O1-float16", gpu_count=4.0),  # 1 + 1
        job("the same"),
        most=4,
    )
    assert [(one.identifier, one.differs) for one in found] == [
        ("the same", ()),
        ("other batch", ("batch 64 per device",)),
        ("other GPU", ("on V100",)),
        ("half precision and count", ("at amp-O1-float16", "4 GPUs")),
    ]


def test_of_equals_the_first_of_the_frame() -> None:
    assert [one.identifier for one in near(job("newest"), job("older"), most=1)] == ["newest"]


def test_what_a_record_does_not_say_is_none_and_counts_as_a_doubling() -> None:
    bare = job("bare", gpu_count=math.nan, finished_at=pd.NaT, status=None, precision=None)
    (first, second) = near(bare, job("two doublings", per_device_batch_size=128.0))
    # unknown count 1, unknown precision 1: as far as two doublings, and first in the frame
    assert (first.identifier, first.gpu_count, first.finished_at) == ("bare", None, None)
    assert (first.status, first.precision, first.differs) == (None, None, ())
    assert second.identifier == "two doublings"


@pytest.mark.parametrize("nothing", [math.nan, 0.0])
def test_a_job_that_tells_nothing_is_left_out(nothing: float) -> None:
    assert near(job("mute", peak_device_bytes=nothing, step_time_s=nothing)) == ()


def test_no_jobs() -> None:
    assert near() == ()
