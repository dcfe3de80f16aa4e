"""Small, readable inputs of the planner: round numbers, no margins unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from estimator.drystep.measurement import (
    Device,
    DryStepReport,
    MemoryBreakdown,
    ModelFacts,
    Phase,
    Precision,
    StepMeasurement,
)
from estimator.gpus.types import GpuType
from estimator.memory.types import DeviceOverhead, MemoryEstimate
from estimator.plan.types import Collaborators, GpuAnswer
from estimator.throughput.types import StepTimeEstimate
from estimator.units import GIB, MIB
from estimator.values import Bounded, Missing, Source

FP32 = Precision()
BF16 = Precision("O1", "bfloat16")
FP16 = Precision("O1", "float16")
UNPRICED = Missing("no price is set")
NO_TIME = Missing("a step on the CPU says nothing about a GPU's time")


def gpu(
    name: str = "Small",
    memory_gib: int = 16,
    price: float | None = None,
    capability: tuple[int, int] = (8, 0),
    gpus_per_node: int = 8,
) -> GpuType:
    return GpuType(
        name=name,
        architecture="Ampere",
        compute_capability=capability,
        memory_bytes=memory_gib * GIB,
        memory_bandwidth=1e12,
        fp32_flops=1e12 * memory_gib,
        tf32_flops=Missing("not needed"),
        fp16_flops=Missing("not needed"),
        bf16_flops=Missing("not needed"),
        nvlink_bandwidth=0.0,
        pcie_bandwidth=16e9,
        product_label=name,
        price_per_hour=UNPRICED if price is None else price,
        gpus_per_node=gpus_per_node,
    )


def spread(value: float, share: float) -> Bounded[float]:
    return Bounded(value, value * (1 - share), value * (1 + share), Source.VIRTUAL, "test")


def overhead(communication: int = 0) -> DeviceOverhead:
    return DeviceOverhead(
        Bounded.exact(0, Source.ASSUMED, "test"),
        Bounded.exact(communication, Source.PUBLISHED, "test"),
    )


def answer(
    of: GpuType,
    rate: float,
    batch: int = 32,
    memory_gib: float = 8.0,
    precision: Precision = FP32,
    uncertainty: float = 0.0,
) -> GpuAnswer:
    """``rate`` samples/s and ``memory_gib`` GiB at ``batch``; time uncertain by a share."""
    used = int(memory_gib * GIB)
    return GpuAnswer(
        gpu=of.name,
        precision=precision,
        memory=MemoryEstimate(
            gpu=of.name,
            per_device_batch_size=batch,
            reserved_bytes=used,
            overhead=overhead(),
            device_memory=Bounded.exact(used, Source.VIRTUAL, "test"),
            capacity_bytes=of.memory_bytes,
        ),
        step_time=StepTimeEstimate(
            gpu=of.name,
            per_device_batch_size=batch,
            step_seconds=spread(batch / rate, uncertainty),
            throughput=spread(rate, uncertainty),
            share={"gemm": 1.0},
        ),
    )


def untimed(of: GpuAnswer) -> GpuAnswer:
    return replace(of, step_time=NO_TIME)


def helpers(efficiency: float = 1.0, communication: int = 0) -> Collaborators:
    def scaling(answer: GpuAnswer, *_: object) -> Bounded[float] | Missing:
        step = answer.step_time
        return step if isinstance(step, Missing) else spread(efficiency, 0.0)

    return Collaborators(
        scaling_efficiency=scaling,
        device_overhead=lambda gpu, count: overhead(communication),
    )


def report(
    batch: int = 32,
    batch_bytes: int = 32 * MIB,
    optimizer: str = "Momentum",
    layers: Mapping[str, int] | None = None,
    precision: Precision = FP32,
) -> DryStepReport:
    """1 GiB of parameters, half of them trainable, 2 GiB of optimizer state."""
    measured = StepMeasurement(
        device=Device.VIRTUAL,
        precision=precision,
        per_device_batch_size=batch,
        peak_allocated_bytes=5 * GIB,
        peak_reserved_bytes=5 * GIB,
        breakdown=MemoryBreakdown(GIB, 0, GIB // 2, 2 * GIB, GIB, GIB // 2),
        peak_phase=Phase.BACKWARD,
        kernels=(),
        batch_bytes=batch_bytes,
        step_seconds=Missing("no GPU here"),
    )
    return DryStepReport(
        device=Device.VIRTUAL,
        paddle_version="3.3.1",
        model=ModelFacts("Net", 1000, 500, "model.py", layers or {"Conv2D": 3}),
        optimizer=optimizer,
        measurements=(measured,),
        trials=(),
        assumptions=(),
        seconds=1.0,
        host_peak_bytes=GIB,
    )
