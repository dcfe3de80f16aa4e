"""One GPU type of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from estimator.values import Missing

_NOT_SAID = Missing("the catalogue entry does not say")


@dataclass(frozen=True, slots=True)
class GpuType:
    """Dense figures of one GPU type.

    memory_bytes: what the driver reports as total (``nvidia-smi``), not the marketing size.
    driver_reserved_bytes: the part of it that the driver keeps; a CUDA program sees the rest.
    memory_bandwidth: bytes/s. ``*_flops``: dense FLOP/s of the unit Paddle would use; Missing
    where the architecture has no such unit. nvlink_bandwidth: bytes/s, both directions
    together, 0 where there is none. pcie_bandwidth: bytes/s, one direction.
    multiprocessors: streaming multiprocessors of the GPU.
    product_label: value of the node label ``nvidia.com/gpu.product``.
    price_per_hour: in the site's currency, Missing unless a site sets it.
    sources: where each figure comes from, by field name.
    """

    name: str
    architecture: str
    compute_capability: tuple[int, int]
    memory_bytes: int
    memory_bandwidth: float
    fp32_flops: float
    tf32_flops: float | Missing
    fp16_flops: float | Missing
    bf16_flops: float | Missing
    nvlink_bandwidth: float
    pcie_bandwidth: float
    product_label: str
    price_per_hour: float | Missing
    gpus_per_node: int
    aliases: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    driver_reserved_bytes: int = 0
    multiprocessors: int | Missing = _NOT_SAID

    @property
    def cuda_visible_bytes(self) -> int:
        """Total memory as a CUDA program sees it."""
        return self.memory_bytes - self.driver_reserved_bytes
