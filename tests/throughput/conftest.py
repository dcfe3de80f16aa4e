from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from estimator.drystep.measurement import KernelUse, Phase, TensorSpec
from estimator.gpus.types import GpuType
from estimator.throughput.published import Published, read_published
from estimator.values import Missing

DATA = Path(__file__).with_name("data")
Shape = tuple[int, ...]
MakeUse = Callable[..., KernelUse]


def make_gpu(name: str = "A100-SXM4-80GB", **figures: object) -> GpuType:
    """A GPU of round figures: 20, 100 and 200 TFLOP/s, 1 TB/s."""
    defaults: dict[str, object] = {
        "architecture": "Ampere",
        "compute_capability": (8, 0),
        "memory_bytes": 80 << 30,
        "memory_bandwidth": 1e12,
        "fp32_flops": 20e12,
        "tf32_flops": 100e12,
        "fp16_flops": 200e12,
        "bf16_flops": 200e12,
        "nvlink_bandwidth": 600e9,
        "pcie_bandwidth": 32e9,
        "product_label": "x",
        "price_per_hour": Missing("no price"),
        "gpus_per_node": 8,
    }
    return GpuType(name=name, **{**defaults, **figures})  # type: ignore[arg-type]


def make_use(
    name: str,
    inputs: list[Shape],
    outputs: list[Shape],
    dtype: str = "float32",
    **rest: object,
) -> KernelUse:
    specs = [tuple(TensorSpec(shape, dtype) for shape in shapes) for shapes in (inputs, outputs)]
    return KernelUse(name, Phase.FORWARD, specs[0], specs[1], **rest)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def published() -> Published:
    return read_published(DATA)
