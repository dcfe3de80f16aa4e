"""Device memory taken apart: the layers add up, at every end of the interval."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estimator.drystep.measurement import Device, KernelUse
from estimator.memory.estimate import estimate_device_memory
from estimator.memory.layers import device_memory_layers
from estimator.memory.types import MemoryEstimate
from estimator.units import GIB, MIB
from estimator.values import Bounded, Source
from tests.builders import memory
from tests.memory.test_estimate import CATALOGUE, CONVOLUTION, MATMUL, measured


def sums(estimate: MemoryEstimate) -> tuple[int, int, int]:
    sizes = [layer.size for layer in device_memory_layers(estimate)]
    return (
        sum(size.target for size in sizes),
        sum(size.lower for size in sizes),
        sum(size.upper for size in sizes),
    )


def ends(estimate: MemoryEstimate) -> tuple[int, int, int]:
    whole = estimate.device_memory
    return whole.target, whole.lower, whole.upper


def estimated(
    kernel: KernelUse,
    gpu: str = "T4",
    count: int = 1,
    device: Device = Device.VIRTUAL,
    pages: int = 50 * MIB,
) -> MemoryEstimate:
    """3 GiB held of which 2 are used, and 100 MiB of scratch beside."""
    step = replace(measured(3 * GIB, 2 * GIB, kernel, device=device), workspace_bytes=100 * MIB)
    step = replace(step, page_bytes=pages)
    return estimate_device_memory(CATALOGUE.find(gpu), step, count)


@pytest.mark.parametrize("count", [1, 2, 8])
@pytest.mark.parametrize("device", list(Device))
@pytest.mark.parametrize("kernel", [CONVOLUTION, MATMUL])
@pytest.mark.parametrize("pages", [0, 50 * MIB])
def test_the_layers_add_up(device: Device, kernel: KernelUse, count: int, pages: int) -> None:
    estimate = estimated(kernel, count=count, device=device, pages=pages)
    assert sums(estimate) == ends(estimate)


def test_each_layer_says_what_it_is() -> None:
    layers = device_memory_layers(estimated(CONVOLUTION, "H100-SXM5-80GB"))
    assert [layer.name for layer in layers] == [
        "tensors",
        "allocator_idle",
        "convolution_workspace",
        "pages",
        "cuda_context",
        "libraries",
        "communication",
    ]
    assert all(layer.size.reason for layer in layers)
    by_name = {layer.name: layer.size for layer in layers}
    assert by_name["tensors"].source is Source.VIRTUAL
    # 132 multiprocessors of 3 MiB; 128 MiB of loaded kernels and Hopper's cuBLAS workspace of 32.
    assert by_name["cuda_context"].target == 396 * MIB
    assert by_name["libraries"].target == 160 * MIB


def test_a_correction_by_past_jobs_is_a_layer() -> None:
    plain = estimated(MATMUL)
    whole = plain.device_memory
    corrected = replace(
        plain,
        device_memory=Bounded(
            whole.target + 100, whole.lower, whole.upper + 300, Source.REGRESSED, "past jobs"
        ),
    )
    last = device_memory_layers(corrected)[-1]
    assert (last.name, last.size.target) == ("history", 100)
    assert sums(corrected)[0] == corrected.device_memory.target


def test_an_estimate_that_was_not_taken_apart_has_no_layers() -> None:
    assert device_memory_layers(memory("A100-SXM4-80GB")) == ()
