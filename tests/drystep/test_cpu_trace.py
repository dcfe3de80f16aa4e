"""The replay of memory events: made-up records with sums in the head, and a recorded step."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.cpu_trace import (
    Kind,
    MemoryEvent,
    Ownership,
    StepRecord,
    aligned,
    allocations_of,
    peak_of,
    scratch_by_kernel,
    timeline_of,
)
from estimator.drystep.measurement import MemoryBreakdown, Phase

RECORDED = Path(__file__).parent / "data" / "cpu_step.json"


def event(address, size, launch=None, kernel="", phase=Phase.FORWARD):
    return MemoryEvent(address, size, launch, kernel, phase)


def record(*events, first=0, owners=()):
    return StepRecord(events, first, len(events), owners)


@pytest.fixture(scope="module")
def recorded():
    plain = json.loads(RECORDED.read_text())
    events = [MemoryEvent(*row[:4], Phase(row[4])) for row in plain["events"]]
    owners = [Ownership(kind and Kind(kind), at, found) for kind, at, found in plain["owners"]]
    step = StepRecord(events, plain["first"], plain["last"], owners)
    return step, plain["allocator_peak_bytes"]


def test_recorded_step_gives_the_allocators_own_peak(recorded):
    step, allocator_peak = recorded
    assert peak_of(timeline_of(step, everything=True), alignment=1).bytes == allocator_peak


def test_recorded_step_without_scratch_and_aligned(recorded):
    step, _ = recorded
    peak = peak_of(timeline_of(step))
    # Parameters: 4*3*3*3 floats = 432 -> 512, 144*5 = 2880 -> 3072, 5 = 20 -> 256. Two moments of
    # Adam are twice that; its powers of beta are on the host. Gradients of the step before
    # (zeroed, not released) 3840, and the new one of the linear weight 3072.
    assert peak.breakdown.parameters == 512 + 3072 + 256
    assert peak.breakdown.optimizer_state == 2 * peak.breakdown.parameters
    assert peak.breakdown.gradients == 3840 + 3072
    # The batch 2*3*8*8 floats = 1536, two labels -> 256; outputs of convolution and ReLU
    # 2*4*6*6 floats = 1152 -> 1280, of which the ReLU's is held, the softmax 40 -> 256 and the
    # loss 4 -> 256.
    assert peak.breakdown.activations == 1536 + 256 + 1280 + 256 + 256
    assert peak.bytes == peak.breakdown.total == 23552
    assert peak.phase is Phase.BACKWARD


def test_recorded_step_names_the_kernels_with_scratch(recorded):
    step, _ = recorded
    # im2col of one picture: 3*3*3 values for each of 6*6 places, float32.
    assert scratch_by_kernel(step) == {"conv2d": 27 * 36 * 4, "conv2d_grad": 27 * 36 * 4}


def test_scratch_is_what_one_launch_makes_and_releases():
    step = record(
        event(1, 1000, launch=1, kernel="conv2d"),  # output
        event(2, 5000, launch=1, kernel="conv2d"),  # scratch
        event(2, -5000, launch=1, kernel="conv2d"),
        event(2, 300, launch=2, kernel="add"),  # address used again, lives on
        event(2, -300, launch=3, kernel="relu"),  # released by another launch: not scratch
    )
    assert [a.scratch for a in allocations_of(step.events)] == [False, True, False]
    assert peak_of(timeline_of(step), alignment=1).bytes == 1300
    assert peak_of(timeline_of(step, everything=True), alignment=1).bytes == 6000
    assert peak_of(timeline_of(step)).bytes == 1024 + 512


def test_allocation_and_release_outside_of_kernels_is_not_scratch():
    step = record(event(1, 10), event(1, -10))
    assert not allocations_of(step.events)[0].scratch


def test_release_of_something_older_than_the_record_is_left_out():
    step = record(event(9, -400), event(1, 10))
    assert [a.size for a in allocations_of(step.events)] == [10]


def test_empty_tensors_have_no_effect():
    assert allocations_of([event(1, 0), event(1, 0)]) == ()


def test_peak_counts_what_was_live_before_the_step():
    step = record(event(1, 256), event(2, 256), event(2, -256), event(3, 512), first=2)
    peak = peak_of(timeline_of(step))
    assert peak.bytes == 256 + 512
    step = record(event(1, 256), event(2, 1024), event(2, -1024), event(3, 512), first=2)
    assert peak_of(timeline_of(step)).bytes == 256 + 1024  # before the step's first event


def test_a_step_without_events_holds_what_was_there():
    step = record(event(1, 100), first=1)
    assert peak_of(timeline_of(step)).bytes == 256


def test_first_owner_wins_and_a_view_belongs_to_its_allocation():
    step = record(
        event(0, 1024),
        event(4096, 512),
        event(8192, 256, phase=Phase.FORWARD),
        event(12288, 256, phase=Phase.BACKWARD),
        first=2,
        owners=(
            Ownership(Kind.PARAMETERS, 2, [512]),  # inside the first allocation
            Ownership(Kind.BUFFERS, 2, [0, 4096]),
            Ownership(Kind.GRADIENTS, 2, [99999, 5000]),  # of nobody: ignored
        ),
    )
    expected = MemoryBreakdown(
        parameters=1024, buffers=512, gradients=0, optimizer_state=0, activations=256, temporary=256
    )
    assert peak_of(timeline_of(step)).breakdown == expected


def test_owner_names_the_allocation_of_its_moment():
    step = record(
        event(1, 256),
        event(1, -256),
        event(1, 512, phase=Phase.BACKWARD),
        owners=(Ownership(Kind.GRADIENTS, 3, [1]),),
    )
    assert peak_of(timeline_of(step)).breakdown.gradients == 512


def test_host_tensors_are_not_counted():
    step = record(event(1, 256), event(2, 512), first=2, owners=(Ownership(None, 2, [1]),))
    assert peak_of(timeline_of(step)).bytes == 512
    assert peak_of(timeline_of(step, everything=True)).bytes == 768


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5000), st.sampled_from([None, 1, 2]))),
    st.integers(0, 40),
)
def test_replay_agrees_with_a_running_sum(steps, first):
    """Toggle five addresses at random; a plain counter gives the same peak and parts add up."""
    live, events = {}, []
    for address, size, launch in steps:
        size = -live.pop(address) if address in live else live.setdefault(address, size)
        events.append(event(address * 10_000, size, launch))
    first = min(first, len(events))
    sums = [sum(e.size for e in events[:i]) for i in range(len(events) + 1)]
    peak = peak_of(timeline_of(record(*events, first=first), everything=True), alignment=1)
    assert peak.bytes == max(sums[first:])
    assert peak.breakdown.total == peak.bytes
    assert peak_of(timeline_of(record(*events, first=first)), alignment=1).bytes <= peak.bytes


@given(st.integers(0, 1 << 40), st.sampled_from([1, 64, 256]))
def test_alignment_rounds_up_by_less_than_one_step(size, alignment):
    assert aligned(size, alignment) % alignment == 0
    assert 0 <= aligned(size, alignment) - size < alignment
