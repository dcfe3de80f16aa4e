"""``--verify``: a training step at a small batch, on the virtual GPU and really computed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, replace

from estimator.drystep.cpu_trace import DEVICE_ALIGNMENT
from estimator.drystep.launch import host_memory_to_spare, run_dry_step
from estimator.drystep.measurement import (
    Device,
    MemoryBreakdown,
    Precision,
    StepMeasurement,
)
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.errors import BadInput, EstimatorError
from estimator.messages import Message, message, sentence
from estimator.units import format_bytes
from estimator.values import Missing

SMALL_BATCH = 2
"""Not 1: code that squeezes or splits a batch takes another way there."""

TOLERANCE = 0.005
"""The largest relative difference that counts as agreement; on the 41 models of ``make accuracy``
the largest is 0.00001."""

ALLOWANCE_BYTES = 16 * DEVICE_ALIGNMENT
"""Nor is this a difference: a few scalars, of which each takes a block of 256 bytes. On a model of
kilobytes two of them are more than the tolerance."""

_LOW_PRECISION = ("float16", "bfloat16")
_SHOWN_KERNELS = 5


@dataclass(frozen=True, slots=True)
class Verification:
    """The peak of one and the same step, predicted and computed, in float32. Bytes.

    virtual_bytes: allocated on the virtual GPU. cpu_bytes: computed on the CPU, as a GPU's
    allocator would count it; allocator_bytes: the CPU allocator's own peak, with the scratch that
    CPU kernels take for themselves. The breakdowns are of the first two. Both took the way that
    Paddle's Python takes on a CPU; unchecked: kernels of the estimated step that are not on it,
    such as fused attention.
    """

    per_device_batch_size: int
    virtual_bytes: int
    cpu_bytes: int
    allocator_bytes: int
    virtual_breakdown: MemoryBreakdown
    cpu_breakdown: MemoryBreakdown
    agrees: bool
    reason: str
    unchecked: tuple[str, ...] = ()

    @property
    def difference_bytes(self) -> int:
        """Predicted less computed."""
        return self.virtual_bytes - self.cpu_bytes

    @property
    def relative_difference(self) -> float:
        return self.difference_bytes / self.cpu_bytes


def verify(
    request: DryStepRequest,
    estimated: StepMeasurement,
    limits: Limits,
    on_progress: Callable[[str], None],
) -> Verification | Missing:
    """Run the workload of a request for the virtual GPU at a small batch, there and on the CPU.

    ``estimated`` is what the request has brought. Whatever goes wrong is why there is no
    verification: the estimate stands without one.
    """
    if request.workload.script is not None:
        return Missing(
            sentence(
                "--verify computes the step of a model file: a script believes that it runs on "
                "a GPU, and is not run on the CPU"
            )
        )
    if request.device is not DeviceChoice.VIRTUAL:
        return Missing(sentence("--verify checks the virtual GPU, which was not used"))
    small = _small(request)
    try:
        virtual = run_dry_step(small, limits, on_progress).measurements[0]
        check_host_memory(virtual)
        on_cpu = replace(small, device=DeviceChoice.CPU, plugin=None, environment={})
        computed = run_dry_step(on_cpu, limits, on_progress).measurements[0]
    except EstimatorError as error:
        return Missing(
            sentence(
                "the step at batch size {batch} could not be computed: {why}",
                batch=small.per_device_batch_size,
                why=error.what,
            )
        )
    verdict = compare(virtual, computed)
    if isinstance(verdict, Missing):
        return verdict
    return replace(verdict, unchecked=tuple(sorted(_launched(estimated) - _launched(virtual))))


def check_host_memory(virtual: StepMeasurement, to_spare: int | None = None) -> None:
    """Raise BadInput for a step that takes more than the host has; it would thrash, then fail."""
    room = host_memory_to_spare() if to_spare is None else to_spare
    if virtual.peak_allocated_bytes > room:
        raise BadInput(
            sentence(
                "it takes {peak} of host memory, of which {room} are to spare",
                peak=format_bytes(virtual.peak_allocated_bytes),
                room=format_bytes(room),
            ),
            where="--verify",
            hint=sentence("a machine with more memory"),
        )


def _small(request: DryStepRequest) -> DryStepRequest:
    size = min(request.per_device_batch_size, SMALL_BATCH)
    return replace(
        request,
        workload=replace(request.workload, per_device_batch_size=size, checkpoint=False),
        per_device_batch_size=size,
        precisions=(Precision(),),
        capacities=(),
        round_batch_sizes=False,
        as_cuda=False,
        timeline=False,
    )


def compare(virtual: StepMeasurement, computed: StepMeasurement) -> Verification | Missing:
    """The verdict on two measurements of one step, the second one computed on the CPU."""
    detail = computed.computed
    if detail is None or computed.device is not Device.CPU:
        raise ValueError("the second measurement is of a step that was computed on the CPU")
    if low := _low_precision(virtual):
        return Missing(
            sentence(
                "the step sets its own precision ({dtype}), which has no effect on Paddle's CPU "
                "device: there is nothing to compare",
                dtype=low,
            )
        )
    difference = abs(virtual.peak_allocated_bytes - computed.peak_allocated_bytes)
    allowed = max(ALLOWANCE_BYTES, TOLERANCE * computed.peak_allocated_bytes)
    agrees = difference <= allowed
    return Verification(
        per_device_batch_size=computed.per_device_batch_size,
        virtual_bytes=virtual.peak_allocated_bytes,
        cpu_bytes=computed.peak_allocated_bytes,
        allocator_bytes=detail.allocator_peak_bytes,
        virtual_breakdown=virtual.breakdown,
        cpu_breakdown=computed.breakdown,
        agrees=agrees,
        reason=_agreement(difference) if agrees else _disagreement(virtual, computed),
    )


def _low_precision(measurement: StepMeasurement) -> str | None:
    dtypes = {spec.dtype for kernel in measurement.kernels for spec in kernel.outputs}
    return next((dtype for dtype in _LOW_PRECISION if dtype in dtypes), None)


def _agreement(difference: int) -> Message:
    return sentence(
        "they agree: {difference} apart, of {tolerance:.1%} or {allowance} allowed",
        difference=format_bytes(difference),
        tolerance=TOLERANCE,
        allowance=format_bytes(ALLOWANCE_BYTES),
    )


def _disagreement(virtual: StepMeasurement, computed: StepMeasurement) -> Message:
    kind, ours, theirs = _farthest_apart(virtual.breakdown, computed.breakdown)
    return sentence(
        "they disagree, most in {kind}: {ours} on the virtual GPU, {theirs} computed; {kernels}",
        kind=message(f"kind.{kind}"),
        ours=format_bytes(ours),
        theirs=format_bytes(theirs),
        kernels=_own_kernels(virtual, computed),
    )


def _farthest_apart(ours: MemoryBreakdown, theirs: MemoryBreakdown) -> tuple[str, int, int]:
    mine, other = asdict(ours), asdict(theirs)
    kind = max(mine, key=lambda name: abs(mine[name] - other[name]))
    return kind, mine[kind], other[kind]


def _own_kernels(virtual: StepMeasurement, computed: StepMeasurement) -> Message:
    """Kernels that one of the two ran alone: where Paddle takes another way on a GPU."""
    launched = _launched(virtual)
    other = set(computed.computed.kernels if computed.computed else ())
    return sentence(
        "kernels on the virtual GPU alone: {ours}; on the CPU alone: {theirs}",
        ours=tuple(shown_kernels(launched - other)),
        theirs=tuple(shown_kernels(other - launched)),
    )


def _launched(measurement: StepMeasurement) -> set[str]:
    return {kernel.name for kernel in measurement.kernels}


def shown_kernels(names: Collection[str]) -> Iterator[str]:
    """The first few names, and how many more there are."""
    yield from sorted(names)[:_SHOWN_KERNELS]
    if len(names) > _SHOWN_KERNELS:
        yield f"... (+{len(names) - _SHOWN_KERNELS})"
    if not names:
        yield sentence("none")
