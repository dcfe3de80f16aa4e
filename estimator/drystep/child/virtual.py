"""The virtual GPU of this process, driven from Python."""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import paddle

from estimator.drystep.child import statistics
from estimator.drystep.child.fused_operators import complete_fused_operators
from estimator.drystep.measurement import KernelUse, Phase, TensorSpec
from estimator.drystep.timeline import BlockLife, FollowedStep

DEVICE_TYPE = "virtual_device"
BOUNDLESS = 1 << 42
"""A capacity in bytes that no step reaches and that the address space still holds."""

PHASES = (Phase.FORWARD, Phase.BACKWARD, Phase.OPTIMIZER)
"""In the order of the plug-in's own numbers."""

_OUT_OF_MEMORY = f"Out of memory error on {DEVICE_TYPE}"


class _Allocation(ctypes.Structure):
    _fields_ = [
        ("address", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("phase", ctypes.c_int32),
        ("claimed", ctypes.c_int32),
    ]


class _Lifetime(ctypes.Structure):
    _fields_ = [
        ("address", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("born", ctypes.c_int64),
        ("died", ctypes.c_int64),
        ("phase", ctypes.c_int32),
        ("claimed", ctypes.c_int32),
    ]


class _LaunchPoint(ctypes.Structure):
    _fields_ = [("allocated", ctypes.c_int64), ("phase", ctypes.c_int64)]


_OnSnapshot = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


@dataclass(frozen=True, slots=True)
class LiveAllocation:
    """A block of device memory that a kernel made, in which phase, and whether it is a gradient."""

    address: int
    bytes: int
    phase: Phase
    is_gradient: bool


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What one recorded step launched, and the launch that set the peak."""

    kernels: tuple[KernelUse, ...]
    peak_launch: int
    peak_phase: Phase


class VirtualGpu:
    """The one virtual device of this process. Memory in bytes."""

    def __init__(self, library: Path) -> None:
        self._library = _bind(ctypes.CDLL(str(library)))
        statistics.use_device(self._library)
        _allow_bfloat16()
        complete_fused_operators()
        paddle.set_device(f"{DEVICE_TYPE}:0")

    def set_capacity(self, capacity: int) -> None:
        """What the allocator may take from the device from now on."""
        self._library.vgpu_set_capacity(capacity)

    def set_workspace_limit(self, limit: int) -> None:
        """Scratch that a convolution may ask for; 0 leaves scratch out."""
        self._library.vgpu_set_workspace_limit(limit)

    def set_phase(self, phase: Phase) -> None:
        """What the next launches belong to."""
        self._library.vgpu_set_phase(PHASES.index(phase))

    @contextmanager
    def recording(self, snapshot_at: int = -1) -> Iterator[None]:
        """Record launches; keep what is alive right after launch number ``snapshot_at``."""
        self._library.vgpu_trace_begin(snapshot_at)
        try:
            yield
        finally:
            self._library.vgpu_trace_end()

    def record(self) -> StepRecord:
        """The record of the last recorded step."""
        text = self._library.vgpu_trace_json()
        try:
            launches = json.loads(ctypes.string_at(text))
        finally:
            self._library.vgpu_free(text)
        return StepRecord(
            kernels=tuple(_kernel_use(launch) for launch in launches),
            peak_launch=self._library.vgpu_peak_launch(),
            peak_phase=PHASES[self._library.vgpu_peak_phase()],
        )

    def claim_gradients(self, addresses: Collection[int]) -> None:
        """Say that what lives at ``addresses`` now are gradients."""
        array = (ctypes.c_uint64 * len(addresses))(*addresses)
        self._library.vgpu_claim(array, len(addresses))

    @contextmanager
    def at_snapshot(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Within this context ``listener`` hears the kernel's name at the snapshot's launch.

        It is called on the thread that launches, from within the launch.
        """
        callback = _OnSnapshot(lambda kernel: listener(kernel.decode()))
        self._library.vgpu_on_snapshot(callback)
        try:
            yield
        finally:
            self._library.vgpu_on_snapshot(_OnSnapshot())

    def running_node(self) -> int:
        """The address of the backward graph's node that began last; 0 where that is not known."""
        try:
            node = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "vgpu_running_node")
        except ValueError:  # not preloaded
            return 0
        return node.value or 0

    @contextmanager
    def following(self) -> Iterator[None]:
        """Recordings that begin within this context note every launch and the lives of blocks."""
        self._library.vgpu_follow(1)
        try:
            yield
        finally:
            self._library.vgpu_follow(0)

    def followed(self) -> FollowedStep:
        """What the last recording in :meth:`following` noted."""
        lives = (_Lifetime * self._library.vgpu_lifetimes(None, 0))()
        self._library.vgpu_lifetimes(lives, len(lives))
        points = (_LaunchPoint * self._library.vgpu_launch_points(None, 0))()
        self._library.vgpu_launch_points(points, len(points))
        return FollowedStep(
            allocated=tuple(point.allocated for point in points),
            phases=tuple(PHASES[point.phase] for point in points),
            lives=tuple(
                BlockLife(b.address, b.bytes, PHASES[b.phase], bool(b.claimed), b.born, b.died)
                for b in lives
            ),
        )

    def snapshot(self) -> tuple[LiveAllocation, ...]:
        """The allocations alive at the launch that the recording named."""
        blocks = (_Allocation * self._library.vgpu_snapshot(None, 0))()
        self._library.vgpu_snapshot(blocks, len(blocks))
        return tuple(
            LiveAllocation(b.address, b.bytes, PHASES[b.phase], bool(b.claimed)) for b in blocks
        )


def _bind(library: Any) -> Any:
    """Declare the types of the plug-in's controls (source/runtime.cc)."""
    unsigned, signed, integer = ctypes.c_uint64, ctypes.c_int64, ctypes.c_int32
    declarations: dict[str, tuple[Any, list[Any]]] = {
        "vgpu_set_capacity": (None, [unsigned]),
        "vgpu_peak_used": (unsigned, []),
        "vgpu_restart_peak_used": (None, []),
        "vgpu_set_workspace_limit": (None, [unsigned]),
        "vgpu_set_phase": (None, [integer]),
        "vgpu_trace_begin": (None, [signed]),
        "vgpu_trace_end": (None, []),
        "vgpu_peak_launch": (signed, []),
        "vgpu_peak_phase": (integer, []),
        "vgpu_claim": (None, [ctypes.c_void_p, unsigned]),
        "vgpu_snapshot": (unsigned, [ctypes.c_void_p, unsigned]),
        "vgpu_on_snapshot": (None, [_OnSnapshot]),
        "vgpu_follow": (None, [integer]),
        "vgpu_lifetimes": (unsigned, [ctypes.c_void_p, unsigned]),
        "vgpu_launch_points": (unsigned, [ctypes.c_void_p, unsigned]),
        "vgpu_trace_json": (ctypes.c_void_p, []),
        "vgpu_free": (None, [ctypes.c_void_p]),
    }
    for name, (result, arguments) in declarations.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _kernel_use(launch: dict[str, Any]) -> KernelUse:
    return KernelUse(
        name=launch["name"],
        phase=PHASES[launch["phase"]],
        inputs=_specs(launch["in"]),
        outputs=_specs(launch["out"]),
        attributes=launch["attributes"],
        count=launch["count"],
    )


def _specs(tensors: list[tuple[str, list[int]]]) -> tuple[TensorSpec, ...]:
    return tuple(_spec(tuple(shape), dtype) for dtype, shape in tensors)


_spec = cache(TensorSpec)
"""One object for all tensors of a shape: a search meets a few hundred shapes, in many thousand
tensors that are sent from process to process."""


def _allow_bfloat16() -> None:
    """Paddle ignores bfloat16 in ``auto_cast`` on custom devices outside its own short list."""
    # The attribute paddle.amp.auto_cast is the function; the module of that name hides behind it.
    module = sys.modules["paddle.amp.auto_cast"]
    module._is_custom_device_bfloat16_supported = lambda: True  # type: ignore[attr-defined]


def is_device_out_of_memory(error: BaseException) -> bool:
    """True for Paddle's own out-of-memory error of the virtual device, not of the host."""
    return isinstance(error, MemoryError) and _OUT_OF_MEMORY in str(error)
