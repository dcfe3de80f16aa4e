"""The kernel record of a step, condensed once so that each GPU type costs microseconds."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from estimator.drystep.measurement import KernelUse
from estimator.throughput.cost import KernelCost, kernel_cost
from estimator.throughput.kernel_class import KernelClass


@dataclass(frozen=True, slots=True)
class KernelGroup:
    """All launches of one kernel class in one dtype, sorted by arithmetic intensity.

    ``intensity`` is FLOPs per byte, ascending. ``flops_from[i]`` sums the FLOPs of the kernels
    from i on, ``bytes_before[i]`` the bytes of those before i; both have one entry more than
    ``intensity``, so that a split point anywhere finds both sums. ``launches`` counts device
    kernels.
    """

    kernel_class: KernelClass
    dtype: str
    intensity: tuple[float, ...]
    flops_from: tuple[float, ...]
    bytes_before: tuple[float, ...]
    layout_bytes: float
    launches: int

    def bound_times(self, flops_per_second: float, bytes_per_second: float) -> tuple[float, float]:
        """Seconds in kernels bound by arithmetic, and in those bound by memory.

        The sum of max(flops / P, bytes / B) over kernels: those with an intensity of at least
        P / B are bound by arithmetic (Williams, Waterman, Patterson 2009, the roofline model).
        """
        split = bisect_left(self.intensity, flops_per_second / bytes_per_second)
        return (
            self.flops_from[split] / flops_per_second,
            self.bytes_before[split] / bytes_per_second,
        )


@dataclass(frozen=True, slots=True)
class KernelProfile:
    """The cost of one training step, without any GPU.

    dispatches: kernels that the host launches. A dispatch can become several device kernels.
    """

    groups: tuple[KernelGroup, ...]
    dispatches: int


def profile_kernels(kernels: Iterable[KernelUse]) -> KernelProfile:
    """Condense the kernel record of one step (any order; an empty record gives no groups)."""
    by_kind: dict[tuple[KernelClass, str], list[tuple[KernelCost, int]]] = defaultdict(list)
    dispatches = 0
    for use in kernels:
        cost = kernel_cost(use)
        if cost.launches:
            by_kind[cost.kernel_class, cost.dtype].append((cost, use.count))
            dispatches += use.count
    groups = tuple(_group(*kind, costs) for kind, costs in sorted(by_kind.items()))
    return KernelProfile(groups, dispatches)


def _group(
    kernel_class: KernelClass, dtype: str, costs: list[tuple[KernelCost, int]]
) -> KernelGroup:
    costs = sorted(costs, key=lambda item: _intensity(item[0]))
    flops = [cost.flops * count for cost, count in costs]
    traffic = [cost.bytes * count for cost, count in costs]
    return KernelGroup(
        kernel_class=kernel_class,
        dtype=dtype,
        intensity=tuple(_intensity(cost) for cost, _ in costs),
        flops_from=tuple(reversed(list(accumulate(reversed(flops), initial=0.0)))),
        bytes_before=tuple(accumulate(traffic, initial=0.0)),
        layout_bytes=sum(cost.layout_bytes * count for cost, count in costs),
        launches=sum(cost.launches * count for cost, count in costs),
    )


def _intensity(cost: KernelCost) -> float:
    return cost.flops / cost.bytes if cost.bytes else float("inf")
