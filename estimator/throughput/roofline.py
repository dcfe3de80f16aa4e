"""Seconds of device time of a step on one GPU type, by kernel class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from estimator.gpus.types import GpuType
from estimator.throughput.coefficients import Coefficients, Unit, units_for
from estimator.throughput.kernel_class import MATRIX_CLASSES, KernelClass
from estimator.throughput.profile import KernelGroup, KernelProfile


def device_seconds(
    profile: KernelProfile, gpu: GpuType, coefficients: Coefficients
) -> Mapping[KernelClass, float]:
    """Device time of one step by kernel class, as if kernels were never late.

    A kernel takes max(flops / (P e), bytes / (B m)) + launch: P and B the peaks of the unit
    and of the memory, e and m the shares of them that its class reaches. The launch term is
    what makes small kernels inefficient.
    """
    seconds: dict[KernelClass, float] = defaultdict(float)
    for group in profile.groups:
        seconds[group.kernel_class] += _group_seconds(group, gpu, coefficients)
    return seconds


def _group_seconds(group: KernelGroup, gpu: GpuType, coefficients: Coefficients) -> float:
    bandwidth = gpu.memory_bandwidth * coefficients.memory[group.kernel_class]
    if group.kernel_class not in MATRIX_CLASSES:
        return group.bytes_before[-1] / bandwidth + group.launches * coefficients.launch_seconds
    reached = coefficients.compute[group.kernel_class]
    sustained = coefficients.sustained(gpu)
    fastest = min(
        sum(group.bound_times(peak * reached[unit] * sustained, bandwidth))
        + (0.0 if unit is Unit.SIMT else group.layout_bytes / bandwidth)
        for unit, peak in units_for(group.dtype, gpu).items()
    )
    return fastest + group.launches * coefficients.matrix_launch_seconds
