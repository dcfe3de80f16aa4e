"""Device memory taken apart: tensors, what the allocator keeps, context, libraries, buffers.

The targets of the layers add up to the target of the device memory. So do the lower and the upper
ends, unless past jobs corrected the sum: the correction is a layer then.
"""

from __future__ import annotations

from collections.abc import Iterator

from estimator.drystep.measurement import Device, StepMeasurement
from estimator.memory.types import DeviceOverhead, MemoryEstimate, MemoryLayer
from estimator.messages import sentence
from estimator.units import format_bytes
from estimator.values import Bounded, Missing, Source


def allocator_layers(
    measurement: StepMeasurement, reserved: Bounded[int], source: Source
) -> tuple[MemoryLayer, ...]:
    """What the allocator holds: tensors at the peak, memory kept for reuse, assumed scratch.

    ``reserved``: the whole, with its interval. Only the virtual GPU takes scratch apart; where
    there is less of it than assumed, less may be kept as well.
    """
    used = measurement.peak_allocated_bytes
    tensors = Bounded.exact(used, source, sentence("tensors that live at the peak of the step"))
    if measurement.allocator.preallocation is not None:
        return MemoryLayer("tensors", tensors), MemoryLayer("allocator_idle", _less(reserved, used))
    assumed = measurement.device is Device.VIRTUAL
    held = measurement.peak_reserved_bytes if assumed else reserved.target
    scratch = Bounded(
        reserved.target - held,
        max(0, reserved.lower - held),
        reserved.upper - held if assumed else 0,
        Source.ASSUMED,
        sentence("scratch of one convolution, beyond what the allocator holds anyway"),
    )
    idle = Bounded(
        held - used,
        reserved.lower - used - scratch.lower,
        reserved.upper - used - scratch.upper,
        reserved.source,
        sentence("held by the allocator between tensors, for reuse"),
    )
    layers = MemoryLayer("tensors", tensors), MemoryLayer("allocator_idle", idle)
    return (*layers, MemoryLayer("convolution_workspace", scratch)) if scratch.upper else layers


def _less(whole: Bounded[int], part: int) -> Bounded[int]:
    rest = whole.target - part, whole.lower - part, whole.upper - part
    return Bounded(*rest, whole.source, whole.reason)


def device_memory_layers(memory: MemoryEstimate) -> tuple[MemoryLayer, ...]:
    """All layers of ``memory``, from the tensors outwards; empty where they were not told apart."""
    if not memory.inside:
        return ()
    pages = () if memory.pages is None else (MemoryLayer("pages", memory.pages),)
    layers = (*memory.inside, *_buckets(memory), *pages, *_outside(memory.overhead))
    return (*layers, *_correction(memory, layers))


def _buckets(memory: MemoryEstimate) -> Iterator[MemoryLayer]:
    """What data parallel training adds inside the allocator."""
    extra = memory.reserved_bytes - sum(layer.size.target for layer in memory.inside)
    if extra > 0:
        why = sentence("buffers in which data parallel training sums gradients")
        yield MemoryLayer("gradient_buckets", Bounded.exact(extra, Source.VIRTUAL, why))


def _outside(overhead: DeviceOverhead) -> Iterator[MemoryLayer]:
    context, libraries = overhead.context, overhead.libraries
    if isinstance(libraries, Missing):
        yield MemoryLayer("cuda_context_and_libraries", context)
    else:
        yield MemoryLayer("cuda_context", _without(context, libraries))
        yield MemoryLayer("libraries", libraries)
    yield MemoryLayer("communication", overhead.communication)


def _without(whole: Bounded[int], part: Bounded[int]) -> Bounded[int]:
    return Bounded(
        whole.target - part.target,
        whole.lower - part.lower,
        whole.upper - part.upper,
        whole.source,
        whole.reason,
    )


def _correction(memory: MemoryEstimate, layers: tuple[MemoryLayer, ...]) -> Iterator[MemoryLayer]:
    """What past jobs changed of the sum."""
    target = memory.device_memory.target - sum(layer.size.target for layer in layers)
    if target == 0:
        return
    lower = memory.device_memory.lower - sum(layer.size.lower for layer in layers)
    upper = memory.device_memory.upper - sum(layer.size.upper for layer in layers)
    why = sentence("correction by past jobs: {size}", size=format_bytes(abs(target)))
    ends = min(lower, target), max(upper, target)
    yield MemoryLayer("history", Bounded(target, *ends, memory.device_memory.source, why))
