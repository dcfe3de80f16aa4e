"""How far the search for the largest batch goes: as far as runs stay quick."""

from __future__ import annotations

import pytest

from tests.drystep.virtual import on_cpu

pytestmark = pytest.mark.paddle

SEARCH = """
    import types
    from pathlib import Path
    from estimator.drystep.child.attempts import Pace
    from estimator.drystep.child.trials import explore
    from estimator.drystep.measurement import (
        Device, MemoryBreakdown, Phase, Precision, StepMeasurement)
    from estimator.drystep.request import DryStepRequest
    from estimator.values import Missing
    from estimator.workload.types import Workload
    from dataclasses import replace

    MIB = 1 << 20
    asked = StepMeasurement(
        Device.CPU, Precision(), 8, 800 * MIB, 800 * MIB, MemoryBreakdown(0, 0, 0, 0, 0, 0),
        Phase.BACKWARD, (), 8, Missing("a clock of our own"))
    spent, ran = [0.0], []

    def run(batch, capacity):
        # 100 MiB a sample; seconds by the batch size
        ran.append(batch)
        spent[0] += SECONDS(batch)
        if batch * 100 * MIB > capacity:
            return None
        size = batch * 100 * MIB
        return replace(
            asked, per_device_batch_size=batch, peak_allocated_bytes=size, peak_reserved_bytes=size)

    request = DryStepRequest(
        Workload(Path("none.py")), per_device_batch_size=8, capacities=(CAPACITY * MIB,))
    found = explore(asked, run, request, Pace(clock=lambda: spent[0]))
    trial, = found.trials
    result["largest"] = trial.max_per_device_batch_size
    result["sizes"] = sorted(set(ran))
    result["refused"] = list(found.refused)
    result["longest"] = max(SECONDS(batch) for batch in ran)
"""


def search(seconds: str, capacity_mib: int) -> dict[str, float]:
    code = SEARCH.replace("CAPACITY", str(capacity_mib))
    return on_cpu(code.replace("    import types", f"    SECONDS = lambda batch: {seconds}", 1))


def test_what_hardly_grows_with_the_batch_is_searched_to_the_end() -> None:
    """0.7 s for many small parameters; 8 samples once took 0.05 s longer than 4 by chance, which as
    8 ms a sample would end the search at batch 72.
    """
    told = search("0.75 if batch == 8 else 0.7", 20_000)
    assert told["largest"] >= 190  # 200 fit; found within the resolution of the search


def test_what_grows_with_the_batch_is_not_run_for_long() -> None:
    """50 ms a sample: 8 samples take 0.4 s and say enough; 1.5 s are reached at 30."""
    told = search("0.05 * batch", 20_000)
    assert told["largest"] <= 30
    assert told["longest"] <= 1.5


def test_what_is_timed_may_be_more_than_can_be_run() -> None:
    """100 GiB a sample: eight times 8 samples would be more than the 4 TiB of the virtual GPU
    without a limit; as many samples of a decoder are more than 2^31 scores for a kernel.
    """
    code = SEARCH.replace("100 * MIB", "100 * 1024 * MIB").replace("CAPACITY", "20_000")
    told = on_cpu(code.replace("    import types", "    SECONDS = lambda batch: 0.7", 1))
    assert told["largest"] == 0


def refusing(condition: str, capacity_mib: int) -> dict:
    """A search where the user's code raises wherever ``condition`` holds."""
    code = SEARCH.replace("CAPACITY", str(capacity_mib)).replace(
        "        ran.append(batch)\n",
        f"        if {condition}:\n            raise UserCodeFailed('ValueError: ' + str(batch))\n"
        "        ran.append(batch)\n",
    )
    return on_cpu(
        "    from estimator.errors import UserCodeFailed\n    SECONDS = lambda batch: 0.7" + code
    )


@pytest.mark.parametrize(
    ("condition", "capacity", "largest"),
    [
        ("batch % 2", 1_350, 12),  # 13 samples of 100 MiB fit
        ("batch % 4", 1_750, 16),  # 17 fit
        ("batch == 1", 150, 0),  # one would fit
        ("batch != 8", 2_000, 8),  # no other size at all
        ("batch != 8", 700, 0),
        ("batch > 40", 20_000, 40),  # more than a kernel can count
    ],
)
def test_batch_sizes_that_the_code_refuses(condition: str, capacity: int, largest: int) -> None:
    told = refusing(condition, capacity)
    assert told["largest"] == largest
    assert not [size for size in told["sizes"] if eval(condition, {"batch": size})]
    if condition != "batch == 1":
        assert told["refused"]
