"""A training step really computed on Paddle's CPU device, with every memory event recorded.

Paddle's profiler notes each allocation and release of the host allocator with its address, size
and time, inside the span of the kernel launch it happened in. Replayed, they give the
allocator's own peak to the byte (checked on every run), so they can be trusted for what the
statistic cannot say: which allocations are scratch of CPU kernels, and what was live.
"""

from __future__ import annotations

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import paddle
from paddle.base import core
from paddle.profiler import Profiler, ProfilerTarget, RecordEvent

from estimator.drystep.child.batches import batch_bytes, tensors_in
from estimator.drystep.child.phases import watch_phases
from estimator.drystep.cpu_scaling import CpuStep, CpuSteps
from estimator.drystep.cpu_trace import (
    Kind,
    MemoryEvent,
    Ownership,
    StepRecord,
    peak_of,
    scratch_by_kernel,
    timeline_of,
)
from estimator.drystep.measurement import Phase
from estimator.errors import InternalError

_STEP = "estimator step"
_UPDATE = "estimator update"
_PHASES = {f"estimator {phase}": phase for phase in Phase}
_LAUNCHES = ("DygraphKernelLaunch", "StaticKernelLaunch")
_ON_HOST = ("beta1_pow_acc", "beta2_pow_acc")
"""Optimizer state that paddle.optimizer.Adam, AdamW and Lamb make with ``device="cpu"``."""


class TrainingLike(Protocol):
    """What is measured: ``step`` does one training step on a batch, update included."""

    @property
    def model(self) -> Any: ...
    @property
    def optimizer(self) -> Any: ...
    def make_batch(self, batch_size: int) -> Any: ...
    def step(self, batch: Any) -> object: ...


def measure_on_cpu(
    training_factory: Callable[[], TrainingLike], batch_sizes: Sequence[int]
) -> CpuSteps:
    """Build the training, do a first step, then measure one step at each batch size.

    ``batch_sizes`` ascend. The first step makes the optimizer's state and is not measured. Must
    run in a process that holds no tensors yet. Whatever the user's code raises passes through;
    raises InternalError where the record does not give the allocator's own peak.
    """
    paddle.set_device("cpu")
    profiler = Profiler(
        targets=[ProfilerTarget.CPU], profile_memory=True, on_trace_ready=lambda _: None
    )
    profiler.start()
    try:
        training = training_factory()
        training.step(training.make_batch(batch_sizes[0]))
        observations = [_observe(training, size) for size in batch_sizes]
    finally:
        profiler.stop()
    profile = _read(profiler.profiler_result.get_data().values())
    spans = profile.spans[_STEP]
    return CpuSteps(
        tuple(_cpu_step(o, profile, *span) for o, span in zip(observations, spans, strict=True))
    )


@dataclass(frozen=True, slots=True)
class _Observation:
    """What was noted around one step, beside the profiler's events. Addresses by kind."""

    batch_size: int
    batch_bytes: int
    allocator_peak_bytes: int
    at_start: dict[Kind | None, frozenset[int]]
    gradients_at_updates: list[frozenset[int]]


class _Marks:
    """Hears of the phases of a step: puts them into the profile, notes the gradients."""

    def __init__(self, parameters: Iterable[Any]) -> None:
        self._parameters = list(parameters)
        self.gradients: list[frozenset[int]] = []

    def enter(self, phase: Phase) -> None:
        _mark(f"estimator {phase}")

    def before_update(self) -> None:
        self.gradients.append(_addresses(p.grad for p in self._parameters))
        _mark(_UPDATE)


def _mark(name: str) -> None:
    with RecordEvent(name):
        pass


def _observe(training: TrainingLike, batch_size: int) -> _Observation:
    batch = training.make_batch(batch_size)
    at_start = _addresses_by_kind(training, batch)
    marks = _Marks(training.model.parameters())
    gc.collect()
    core.host_memory_stat_reset_peak_value("Allocated", 0)
    with watch_phases(training.model, marks), RecordEvent(_STEP):
        training.step(batch)
    return _Observation(
        batch_size=batch_size,
        batch_bytes=batch_bytes(batch),
        allocator_peak_bytes=core.host_memory_stat_peak_value("Allocated", 0),
        at_start=at_start,
        gradients_at_updates=marks.gradients,
    )


def _addresses_by_kind(training: TrainingLike, batch: Any) -> dict[Kind | None, frozenset[int]]:
    parameters = training.model.parameters()
    state = list(tensors_in(training.optimizer.state_dict()))
    on_host = [t for t in state if any(name in t.name for name in _ON_HOST)]
    return {
        None: _addresses(on_host),
        Kind.PARAMETERS: _addresses(parameters),
        Kind.BUFFERS: _addresses(training.model.buffers()),
        Kind.OPTIMIZER_STATE: _addresses(state),
        Kind.GRADIENTS: _addresses(p.grad for p in parameters),
        Kind.ACTIVATIONS: _addresses(tensors_in(batch)),
    }


def _addresses(tensors: Iterable[Any]) -> frozenset[int]:
    """Where dense tensors that hold memory stand; None and sparse gradients are left out."""
    return frozenset(
        t.data_ptr() for t in tensors if t is not None and t.is_dense() and t._is_initialized()
    )


@dataclass(frozen=True, slots=True)
class _Profile:
    """The profiler's memory events in order, when they were, the kernels launched, our spans."""

    events: list[MemoryEvent]
    times_ns: list[int]
    kernels: frozenset[str]
    spans: dict[str, list[tuple[int, int]]]

    def at(self, time_ns: int) -> int:
        """The number of the first event that is not before this time."""
        return bisect_left(self.times_ns, time_ns)


def _read(roots: Iterable[Any]) -> _Profile:
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in (_STEP, _UPDATE, *_PHASES)}
    found: list[tuple[Any, int | None, str]] = []
    kernels: set[str] = set()
    for span, launch, kernel in _walk(roots):
        kernels.add(kernel)
        if span.name in spans:
            spans[span.name].append((span.start_ns, span.end_ns))
        found += ((memory, launch, kernel) for memory in span.mem_node)
    found = [f for f in found if f[0].type.name in ("Allocate", "Free")]
    found.sort(key=lambda f: f[0].timestamp_ns)
    for times in spans.values():
        times.sort()
    phase_at = _phase_lookup(spans)
    return _Profile(
        [
            MemoryEvent(m.addr, m.increase_bytes, launch, kernel, phase_at(m.timestamp_ns))
            for m, launch, kernel in found
        ],
        [m.timestamp_ns for m, _, _ in found],
        frozenset(kernels - {""}),
        spans,
    )


def _walk(roots: Iterable[Any]) -> Iterator[tuple[Any, int | None, str]]:
    """Every span of the profile, with the number and name of the kernel launch it lies in."""
    waiting: list[tuple[Any, int | None, str]] = [(root, None, "") for root in roots]
    launches = 0
    while waiting:
        span, launch, kernel = waiting.pop()
        if span.type.name in _LAUNCHES:
            launches += 1
            launch, kernel = launches, span.name.removesuffix(" kernel launch")
        yield span, launch, kernel
        inside = (*span.children_node, *span.runtime_node)
        waiting += ((child, launch, kernel) for child in inside)


def _phase_lookup(spans: dict[str, list[tuple[int, int]]]) -> Callable[[int], Phase]:
    marks = sorted((start, phase) for name, phase in _PHASES.items() for start, _ in spans[name])
    starts = [start for start, _ in marks]

    def phase_at(time_ns: int) -> Phase:
        position = bisect_right(starts, time_ns)
        return marks[position - 1][1] if position else Phase.FORWARD

    return phase_at


def _cpu_step(observation: _Observation, profile: _Profile, start: int, stop: int) -> CpuStep:
    record = _record(observation, profile, start, stop)
    replayed = peak_of(timeline_of(record, everything=True), alignment=1).bytes
    if replayed != observation.allocator_peak_bytes:
        raise InternalError(
            f"Paddle's profiler gives a peak of {replayed} bytes and its CPU allocator "
            f"{observation.allocator_peak_bytes} at batch size {observation.batch_size}",
            hint="paddle-estimate doctor, and send us the model file",
        )
    return CpuStep(
        batch_size=observation.batch_size,
        batch_bytes=observation.batch_bytes,
        allocator_peak_bytes=replayed,
        timeline=timeline_of(record),
        scratch_bytes=scratch_by_kernel(record),
        kernels=profile.kernels,
    )


def _record(observation: _Observation, profile: _Profile, start: int, stop: int) -> StepRecord:
    updates = [time for time, _ in profile.spans[_UPDATE] if start <= time < stop]
    owners = [
        Ownership(kind, profile.at(start), found) for kind, found in observation.at_start.items()
    ]
    owners += (
        Ownership(Kind.GRADIENTS, profile.at(time), found)
        for time, found in zip(updates, observation.gradients_at_updates, strict=True)
    )
    return StepRecord(profile.events, profile.at(start), profile.at(stop), owners)
