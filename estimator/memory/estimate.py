"""From what Paddle's allocator holds to what a job takes of a GPU, and whether that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from estimator.drystep.allocator import AllocatorRule
from estimator.drystep.cluster import Communicator
from estimator.drystep.cpu_scaling import reserved_interval
from estimator.drystep.measurement import Device, StepMeasurement
from estimator.gpus.types import GpuType
from estimator.memory.layers import allocator_layers
from estimator.memory.overhead import device_overhead
from estimator.memory.types import DeviceOverhead, MemoryEstimate
from estimator.messages import sentence
from estimator.units import format_bytes
from estimator.values import Bounded, Source

CAPACITY_TOLERANCE = 0.03
"""Types whose allocator capacities differ by no more than this share are tried as the smallest."""

_SOURCE_OF = {
    Device.GPU: Source.MEASURED,
    Device.VIRTUAL: Source.VIRTUAL,
    Device.CPU: Source.REGRESSED,
}


def estimate_device_memory(
    gpu: GpuType,
    measurement: StepMeasurement,
    gpu_count: int,
    groups: tuple[Communicator, ...] = (),
) -> MemoryEstimate:
    """Device memory of each of ``gpu_count`` GPUs = reserved + pages + overhead: nvidia-smi's.

    groups: NCCL's communicators, where they are known.
    """
    overhead = device_overhead(gpu, gpu_count, groups=groups)
    capacity = _capacity(gpu, overhead)
    room = measurement.allocator.room(capacity) - measurement.page_bytes
    reserved = _reserved(measurement, max(0, room))
    pages = _pages(measurement)
    if measurement.allocator.preallocation is not None:
        free = gpu.cuda_visible_bytes
        reserved, pages = _taken_beforehand(measurement.allocator, reserved, overhead, free), None
    held = reserved if pages is None else _in_pages(reserved, pages)
    outside = overhead.context.target + overhead.communication.target
    device_memory = Bounded(
        held.target + outside,
        held.lower + overhead.context.lower + overhead.communication.lower,
        held.upper + overhead.upper,
        _SOURCE_OF[measurement.device],
        _with_what_is_outside(held.reason, outside, gpu_count),
    )
    return MemoryEstimate(
        gpu=gpu.name,
        per_device_batch_size=measurement.per_device_batch_size,
        reserved_bytes=reserved.target,
        overhead=overhead,
        device_memory=device_memory,
        capacity_bytes=min(
            gpu.cuda_visible_bytes, measurement.allocator.free(capacity) + overhead.upper
        ),
        inside=allocator_layers(measurement, reserved, _SOURCE_OF[measurement.device]),
        pages=pages,
    )


def allocator_capacity(gpu: GpuType, gpu_count: int) -> int:
    """Bytes that Paddle's allocator may surely take: what is left by the most that others take."""
    return _capacity(gpu, device_overhead(gpu, gpu_count))


def capacity_classes(gpus: Sequence[GpuType], gpu_count: int) -> Mapping[int, tuple[GpuType, ...]]:
    """The types by the allocator capacity to try them at, smallest capacity first.

    A capacity serves all types that have it or up to ``CAPACITY_TOLERANCE`` more, so that few
    runs serve all types and none is promised memory it lacks.
    """
    classes: dict[int, list[GpuType]] = {}
    current = 0
    for gpu in sorted(gpus, key=lambda each: allocator_capacity(each, gpu_count)):
        capacity = allocator_capacity(gpu, gpu_count)
        if not classes or capacity > current * (1 + CAPACITY_TOLERANCE):
            current = capacity
        classes.setdefault(current, []).append(gpu)
    return {capacity: tuple(members) for capacity, members in classes.items()}


def _capacity(gpu: GpuType, overhead: DeviceOverhead) -> int:
    return max(0, gpu.cuda_visible_bytes - overhead.upper)


def _reserved(measurement: StepMeasurement, capacity: int) -> Bounded[int]:
    """What the allocator will hold on a real GPU, given what it held in the dry step.

    Other than on a real GPU, the scratch of a convolution is a guess between nothing and
    the limit that was measured with. More of it comes out of what the allocator holds but does not
    use, and then out of the device; an allocator that is at ``capacity`` can only reuse. Less of it
    may also free what chunks of its size keep apart: what was held without any is as low as that.
    """
    held = measurement.peak_reserved_bytes + measurement.workspace_bytes
    used = measurement.peak_allocated_bytes
    source = _SOURCE_OF[measurement.device]
    reason = sentence("the allocator holds {held}", held=format_bytes(held))
    if measurement.largest_phase is not None:
        reason = sentence(
            "{reason}, set by the phase '{phase}'", reason=reason, phase=measurement.largest_phase
        )
    if measurement.device is Device.CPU:
        return _reserved_unseen(used, held, capacity)
    if measurement.device is Device.GPU or not measurement.has_convolution:
        return Bounded.exact(held, source, reason)
    without = min(measurement.peak_reserved_bytes, held - measurement.workspace_limit_bytes)
    lower = min(held, max(used, without))
    upper = max(held, min(used + measurement.workspace_limit_bytes, capacity))
    reason = sentence(
        "{reason} ({lower} to {upper} by the scratch of convolutions)",
        reason=reason,
        lower=format_bytes(lower),
        upper=format_bytes(upper),
    )
    return Bounded(held, lower, upper, source, reason)


def _taken_beforehand(
    rule: AllocatorRule, need: Bounded[int], overhead: DeviceOverhead, visible: int
) -> Bounded[int]:
    """What ``naive_best_fit`` holds beside a context, on a device of ``visible`` bytes.

    Its first piece is a share of what the context leaves, so that the larger context goes with the
    smaller piece. The context at that moment has no libraries yet; that makes the piece larger by
    their share of it, which is within the interval of the context.
    """
    context = overhead.context

    def held(need: int, taken: int) -> int:
        return rule.held(need, max(0, visible - taken))

    target = held(need.target, context.target)
    ends = held(need.lower, context.upper), held(need.upper, context.lower)
    why = sentence(
        "naive_best_fit holds {held} whatever is needed, here {need}: FLAGS_allocator_strategy",
        held=format_bytes(target),
        need=format_bytes(need.target),
    )
    return Bounded(target, min(target, *ends), max(target, *ends), need.source, why)


def _pages(measurement: StepMeasurement) -> Bounded[int] | None:
    """The unused part of pages. None where none was counted, as on a device that is not ours.

    CUDA gives physical memory in pages of 2 MiB (cuMemGetAllocationGranularity); that allocations
    below 1 MiB share them is how cudaMalloc is seen to behave, so that all of it is uncertain.
    """
    size = measurement.page_bytes
    if size == 0:
        return None
    why = sentence("parts of the 2 MiB pages of device memory that no chunk of the allocator fills")
    return Bounded(size, 0, size, Source.PUBLISHED, why)


def _in_pages(reserved: Bounded[int], pages: Bounded[int]) -> Bounded[int]:
    return Bounded(
        reserved.target + pages.target,
        reserved.lower + pages.lower,
        reserved.upper + pages.upper,
        reserved.source,
        sentence(
            "{reason}, {pages} more in pages of 2 MiB",
            reason=reserved.reason,
            pages=format_bytes(pages.target),
        ),
    )


def _with_what_is_outside(reason: str, outside: int, gpu_count: int) -> str:
    size = format_bytes(outside)
    if gpu_count == 1:
        return sentence(
            "{reason}, and {outside} for the CUDA context, libraries", reason=reason, outside=size
        )
    return sentence(
        "{reason}, and {outside} for the CUDA context, libraries and communication",
        reason=reason,
        outside=size,
    )


def _reserved_unseen(used: int, held: int, capacity: int) -> Bounded[int]:
    """The CPU tells what is allocated; what an allocator would hold for it is assumed."""
    assumed = reserved_interval(used)
    return Bounded(
        held,
        min(held, assumed.lower),
        max(held, min(assumed.upper, capacity)),
        assumed.source,
        sentence(
            "the allocator holds {held}, assumed from {used} allocated: {why}",
            held=format_bytes(held),
            used=format_bytes(used),
            why=assumed.reason,
        ),
    )
