from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.allocator import AllocatorRule, Preallocation
from estimator.drystep.measurement import (
    Device,
    KernelUse,
    MemoryBreakdown,
    Phase,
    Precision,
    StepMeasurement,
)
from estimator.memory.estimate import (
    CAPACITY_TOLERANCE,
    allocator_capacity,
    capacity_classes,
    estimate_device_memory,
)
from estimator.memory.layers import device_memory_layers
from estimator.memory.overhead import device_overhead
from estimator.units import GIB, MIB
from estimator.values import Missing, Source
from tests.gpus import shipped_catalogue

CATALOGUE = shipped_catalogue()
T4 = CATALOGUE.find("T4")
CONVOLUTION = KernelUse("conv2d_grad", Phase.BACKWARD, (), ())
MATMUL = KernelUse("matmul", Phase.FORWARD, (), ())


def measured(reserved, allocated, *kernels, device=Device.VIRTUAL):
    return StepMeasurement(
        device=device,
        precision=Precision(),
        per_device_batch_size=8,
        peak_allocated_bytes=allocated,
        peak_reserved_bytes=reserved,
        breakdown=MemoryBreakdown(allocated, 0, 0, 0, 0, 0),
        peak_phase=Phase.BACKWARD,
        kernels=kernels,
        batch_bytes=0,
        step_seconds=Missing("dry step"),
    )


def test_device_memory_is_reserved_plus_overhead():
    estimate = estimate_device_memory(T4, measured(2 * GIB, GIB, MATMUL), 1)
    # T4: 40 x 3.0 + 128 + 4 = 252 MiB, from 120 (2.9, 0) to 703 (3.2, 571)
    assert estimate.device_memory.target == 2 * GIB + 252 * MIB
    assert estimate.device_memory.lower == 2 * GIB + 120 * MIB
    assert estimate.device_memory.upper == 2 * GIB + 703 * MIB
    assert estimate.device_memory.source is Source.VIRTUAL
    assert estimate.device_memory.reason == (
        "the allocator holds 2.00 GiB, and 252.0 MiB for the CUDA context, libraries"
    )
    assert estimate.reserved_bytes == 2 * GIB
    assert estimate.capacity_bytes == 14_930 * MIB
    assert (estimate.gpu, estimate.per_device_batch_size) == ("T4", 8)


def test_unused_parts_of_pages_are_taken_too():
    step = replace(measured(2 * GIB, GIB, MATMUL), page_bytes=100 * MIB)
    estimate = estimate_device_memory(T4, step, 1)
    assert estimate.device_memory.target == 2 * GIB + 100 * MIB + 252 * MIB
    assert estimate.device_memory.lower == 2 * GIB + 120 * MIB  # pages may hold nothing unused
    assert estimate.device_memory.upper == 2 * GIB + 100 * MIB + 703 * MIB
    assert estimate.device_memory.reason == (
        "the allocator holds 2.00 GiB, 100.0 MiB more in pages of 2 MiB, "
        "and 252.0 MiB for the CUDA context, libraries"
    )
    assert estimate.reserved_bytes == 2 * GIB


def test_more_gpus_add_communication():
    one, four = (
        estimate_device_memory(T4, measured(GIB, GIB), n).device_memory.target for n in (1, 4)
    )
    assert four - one == 392 * MIB


def test_convolution_scratch_widens_both_ends():
    memory = estimate_device_memory(T4, measured(4 * GIB, 3 * GIB, CONVOLUTION), 1).device_memory
    # 1 GiB is held but not used: 512 MiB more scratch comes out of it, 512 MiB less frees it
    assert memory.upper == 4 * GIB + 703 * MIB
    assert memory.lower == 4 * GIB - 512 * MIB + 120 * MIB
    tight = estimate_device_memory(T4, measured(4 * GIB, 4 * GIB, CONVOLUTION), 1).device_memory
    assert tight.upper == 4 * GIB + 512 * MIB + 703 * MIB
    assert tight.lower == 4 * GIB + 120 * MIB


def test_without_scratch_the_allocator_may_hold_what_it_held_without():
    # 3 GiB in use, 4 held without scratch; with it 1 GiB more, twice the limit of one convolution:
    # a log of PP-OCRv5_mobile_det shows 160 MiB where the run with scratch took 787.
    step = replace(measured(4 * GIB, 3 * GIB, CONVOLUTION), workspace_bytes=GIB)
    memory = estimate_device_memory(T4, step, 1).device_memory
    assert memory.target == 5 * GIB + 252 * MIB
    assert memory.lower == 4 * GIB + 120 * MIB


def test_a_real_gpu_leaves_no_doubt_about_the_scratch():
    measurement = measured(4 * GIB, 4 * GIB, CONVOLUTION, device=Device.GPU)
    memory = estimate_device_memory(T4, measurement, 1).device_memory
    assert memory.upper == 4 * GIB + 703 * MIB
    assert memory.source is Source.MEASURED


def test_what_ran_at_the_allocator_capacity_fits():
    for gpu_count in (1, 2, 8):
        full = allocator_capacity(T4, gpu_count)
        estimate = estimate_device_memory(T4, measured(full, full, CONVOLUTION), gpu_count)
        assert estimate.fits
        in_pages = replace(measured(full - 9 * MIB, full // 2, CONVOLUTION), page_bytes=9 * MIB)
        assert estimate_device_memory(T4, in_pages, gpu_count).fits
        over = measured(full + 1, full, CONVOLUTION)
        assert not estimate_device_memory(T4, over, gpu_count).fits


def test_allocator_capacity_leaves_the_most_that_others_take():
    # 14,930 MiB visible - 703 MiB context at most
    assert allocator_capacity(T4, 1) == (14_930 - 703) * MIB


def test_allocator_capacity_is_never_negative():
    tiny = replace(T4, memory_bytes=100 * MIB, driver_reserved_bytes=0)
    assert allocator_capacity(tiny, 1) == 0


@pytest.mark.parametrize("gpu_count", [1, 8])
def test_few_capacities_serve_all_types(gpu_count):
    classes = capacity_classes(CATALOGUE.types, gpu_count)
    assert len(classes) <= 16
    assert list(classes) == sorted(classes)
    assert sum(len(members) for members in classes.values()) == len(CATALOGUE.types)
    for capacity, members in classes.items():
        own = [allocator_capacity(gpu, gpu_count) for gpu in members]
        assert min(own) == capacity
        assert max(own) <= capacity * (1 + CAPACITY_TOLERANCE)


def test_capacity_classes_of_nothing():
    assert capacity_classes((), 1) == {}


@given(
    reserved=st.integers(0, 200 * GIB),
    slack=st.floats(0, 1),
    gpu=st.sampled_from(CATALOGUE.types),
    gpu_count=st.integers(1, 64),
    convolution=st.booleans(),
)
def test_the_interval_holds_the_target(reserved, slack, gpu, gpu_count, convolution):
    kernels = (CONVOLUTION,) if convolution else ()
    measurement = measured(reserved, int(reserved * slack), *kernels)
    memory = estimate_device_memory(gpu, measurement, gpu_count).device_memory
    overhead = device_overhead(gpu, gpu_count)
    assert memory.lower <= memory.target <= memory.upper
    assert memory.upper - reserved - overhead.upper <= measurement.workspace_limit_bytes


def test_what_an_allocator_would_hold_is_assumed_where_the_cpu_ran_the_step():
    # Published ratios of reserved to allocated: median 1.14, from 1.008 to 2.48.
    held = round(1.14 * GIB)
    estimate = estimate_device_memory(T4, measured(held, GIB, device=Device.CPU), 1)
    overhead = device_overhead(T4, 1)
    assert estimate.device_memory.lower == round(1.008 * GIB) + overhead.context.lower
    assert estimate.device_memory.upper == round(2.48 * GIB) + overhead.upper
    assert "assumed" in estimate.device_memory.reason


def test_scratch_that_the_reserved_bytes_do_not_hold_is_added():
    plain = measured(2 * GIB, GIB, CONVOLUTION)
    with_scratch = replace(plain, workspace_bytes=100 * MIB)
    difference = (
        estimate_device_memory(T4, with_scratch, 1).device_memory.target
        - estimate_device_memory(T4, plain, 1).device_memory.target
    )
    assert difference == 100 * MIB


def test_the_reason_names_the_phase_that_set_the_peak():
    measurement = replace(measured(2 * GIB, GIB, MATMUL), largest_phase="eval")
    reason = estimate_device_memory(T4, measurement, 1).device_memory.reason
    assert "the allocator holds 2.00 GiB, set by the phase 'eval'" in reason


def preallocated(need, **flags):
    rule = AllocatorRule(Preallocation(0.92, **flags))
    return replace(measured(need, need, MATMUL), allocator=rule, page_bytes=9 * MIB)


def test_naive_best_fit_holds_its_share_whatever_is_needed():
    estimate = estimate_device_memory(T4, preallocated(2 * GIB), 1)
    # T4: 14,930 MiB. Context 252 MiB (120 to 703); the piece is 0.92 x 0.95 of what it leaves.
    # No pages: one large piece fills its own.
    share = 0.92 * 0.95
    assert estimate.device_memory.target // MIB == int(share * (14_930 - 252)) + 252
    assert estimate.device_memory.lower // MIB == int(share * (14_930 - 703)) + 120
    assert estimate.device_memory.upper // MIB == int(share * (14_930 - 120)) + 703
    assert estimate.fits
    assert "naive_best_fit holds 12.53 GiB whatever is needed, here 2.00 GiB" in (
        estimate.device_memory.reason
    )
    layers = {layer.name: layer.size.target for layer in device_memory_layers(estimate)}
    assert layers["tensors"] == 2 * GIB
    assert sum(layers.values()) == estimate.device_memory.target


def test_what_finds_no_room_in_the_share_does_not_fit():
    # 13 GiB would fit by need: 14,930 MiB less 703 are 13.9 GiB.
    assert estimate_device_memory(T4, measured(13 * GIB, 13 * GIB, MATMUL), 1).fits
    assert not estimate_device_memory(T4, preallocated(13 * GIB), 1).fits
    in_pieces = preallocated(13 * GIB, first_bytes=GIB, further_bytes=64 * MIB)
    assert estimate_device_memory(T4, in_pieces, 1).fits
    assert not estimate_device_memory(T4, preallocated(GIB, first_bytes=15 * GIB), 1).fits


def test_a_limit_of_the_allocator_is_the_capacity():
    limited = replace(measured(3 * GIB, GIB, MATMUL), allocator=AllocatorRule(limit_bytes=3 * GIB))
    assert estimate_device_memory(T4, limited, 1).fits
    assert not estimate_device_memory(T4, replace(limited, peak_reserved_bytes=4 * GIB), 1).fits
    assert estimate_device_memory(T4, limited, 1).capacity_bytes == 3 * GIB + 703 * MIB
