"""Whole results made by hand, for tests of whatever shows them.

The numbers are those of ResNet-50 at batch 64, fp32, Momentum: 25,557,032 parameters of four
bytes, as many bytes of gradients and of velocity, and activations that fill the rest.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from estimator.drystep.loader import NO_LOADER
from estimator.drystep.measurement import (
    Device,
    DryStepReport,
    KernelUse,
    MemoryBreakdown,
    ModelFacts,
    Phase,
    Precision,
    StepMeasurement,
    TensorSpec,
)
from estimator.gpus.catalogue import load_catalogue
from estimator.gpus.types import GpuType
from estimator.manifest.types import Manifest, Origin
from estimator.memory.types import DeviceOverhead, MemoryEstimate
from estimator.plan.types import (
    CandidatePlan,
    DataFeed,
    HostRequest,
    Objective,
    Question,
    Recommendation,
)
from estimator.result import EstimateResult, GpuRow, NothingFits
from estimator.throughput.types import StepTimeEstimate
from estimator.units import GIB, MIB
from estimator.values import Bounded, Missing, Source
from estimator.workload.types import Workload

PARAMETERS = 25_557_032
STATE_BYTES = 4 * PARAMETERS  # 102,228,128
BREAKDOWN = MemoryBreakdown(
    parameters=STATE_BYTES,
    buffers=212_480,
    gradients=STATE_BYTES,
    optimizer_state=STATE_BYTES,
    activations=5_000_000_000,
    temporary=100_000_000,
)
PEAK_ALLOCATED = 5_406_896_864  # 3 x 102,228,128 + 212,480 + 5,000,000,000 + 100,000,000
PEAK_RESERVED = 5_600 * MIB
NO_TIME = Missing("a step on the CPU says nothing about a GPU's time")
YAML_TEXT = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: resnet50 # 作业\n"


def measurement(batch: int = 64) -> StepMeasurement:
    return StepMeasurement(
        device=Device.VIRTUAL,
        precision=Precision(),
        per_device_batch_size=batch,
        peak_allocated_bytes=PEAK_ALLOCATED,
        peak_reserved_bytes=PEAK_RESERVED,
        breakdown=BREAKDOWN,
        peak_phase=Phase.BACKWARD,
        kernels=(
            KernelUse(
                "conv2d",
                Phase.FORWARD,
                (TensorSpec((64, 3, 224, 224), "float32"),),
                (TensorSpec((64, 64, 112, 112), "float32"),),
            ),
        ),
        batch_bytes=64 * 3 * 224 * 224 * 4,
        step_seconds=Missing("no real GPU was used"),
    )


def report() -> DryStepReport:
    return DryStepReport(
        device=Device.VIRTUAL,
        paddle_version="3.3.1",
        model=ModelFacts("ResNet", PARAMETERS, PARAMETERS, "resnet50.py", {"Conv2D": 53}),
        optimizer="Momentum",
        measurements=(measurement(),),
        trials=(),
        assumptions=("no example_batch(): inputs of 3x224x224:float32 were made",),
        seconds=4.2,
        host_peak_bytes=900 * MIB,
        fallback_reason="",
    )


def gpu(name: str) -> GpuType:
    return load_catalogue().find(name)


def memory(name: str) -> MemoryEstimate:
    overhead = DeviceOverhead(
        context=Bounded(460 * MIB, 420 * MIB, 520 * MIB, Source.PUBLISHED, "context by GPU type"),
        communication=Bounded.exact(0, Source.PUBLISHED, "one GPU communicates with no other"),
    )
    return MemoryEstimate(
        gpu=name,
        per_device_batch_size=64,
        reserved_bytes=PEAK_RESERVED,
        overhead=overhead,
        device_memory=Bounded(
            PEAK_RESERVED + 460 * MIB,
            PEAK_RESERVED + 420 * MIB,
            PEAK_RESERVED + 520 * MIB,
            Source.VIRTUAL,
            "reserved on the virtual GPU plus context",
        ),
        capacity_bytes=gpu(name).memory_bytes,
    )


def step_time(name: str, seconds: float) -> StepTimeEstimate:
    """Step time within 20 %; throughput = 64 samples / step time."""
    why = "kernel record against the roofline"
    return StepTimeEstimate(
        gpu=name,
        per_device_batch_size=64,
        step_seconds=Bounded(seconds, 0.8 * seconds, 1.2 * seconds, Source.PUBLISHED, why),
        throughput=Bounded(
            64 / seconds, 64 / (1.2 * seconds), 64 / (0.8 * seconds), Source.PUBLISHED, why
        ),
        share={"convolution": 0.8, "elementwise": 0.2},
    )


def row(name: str, seconds: float, largest: int) -> GpuRow:
    return GpuRow(gpu(name), Precision(), memory(name), step_time(name, seconds), largest)


def plan(name: str = "A100-SXM4-80GB", count: int = 2, *, feasible: bool = True) -> CandidatePlan:
    step = step_time(name, 0.16)
    return CandidatePlan(
        gpu=name,
        gpu_count=count,
        nodes=1,
        per_device_batch_size=64,
        precision=Precision(),
        memory=memory(name),
        step_seconds=step.step_seconds,
        throughput=step.throughput,
        scaling_efficiency=Bounded(0.95, 0.9, 0.99, Source.ASSUMED, "data parallel on NVLink"),
        duration_seconds=Missing("--epochs not given"),
        gpu_hours=Missing("--epochs not given"),
        cost=Missing("no price is set"),
        feasible=feasible,
        reason="within all limits" if feasible else "short by 1.20 GiB [of 80 GiB]",
    )


def manifest() -> Manifest:
    return Manifest(
        kind="job",
        template="base",
        text=YAML_TEXT,
        document=({"kind": "Job"},),
        origins=(
            Origin("kind", "Job", "base/job.yaml:2", "from the base layer"),
            Origin("spec.gpus", 2, "computed", "two GPUs are enough"),
        ),
        notes=("the image is pinned by tag, not by digest",),
    )


def feed() -> DataFeed:
    """7 workers, as many as an assumed cost of 10 ms makes necessary."""
    return DataFeed(
        source=Source.ASSUMED,
        processor_seconds=0.01,
        waiting_seconds=0.0,
        samples_per_second=650.0,
        workers=7,
        cores=7,
        workers_needed=7,
        workers_set=NO_LOADER,
        reason="assumed by the bytes of a sample",
        verdict="",
    )


def result() -> EstimateResult:
    """A100 chosen, T4 considered."""
    chosen = plan()
    return EstimateResult(
        identifier="20261124-0001",
        workload=Workload(Path("resnet50.py"), {"depth": 50}),
        question=Question(max_gpus=8, objective=Objective.GPU_HOURS),
        report=report(),
        gpus=(row("A100-SXM4-80GB", 0.16, 896), row("T4", 0.9, 128)),
        outcome=Recommendation(
            plan=chosen,
            host=HostRequest(
                memory_bytes=32 * GIB,
                memory_reason="2 processes of 4 GiB each, headroom",
                cpu=16,
                cpu_reason="2 x (1 for training + 7 workers)",
                shm_bytes=2 * GIB,
                shm_reason="batches in flight",
                feed=feed(),
            ),
            reasons=("fits with room to spare", "least GPU-hours of 2 plans"),
            # The planner gives candidates a reason that compares; all else is the same.
            candidates=(replace(chosen, reason="chosen"), plan("T4", 4)),
        ),
        manifest=manifest(),
        notes=("corrected by 12 records",),
    )


def without_times() -> EstimateResult:
    """The same job computed on the CPU: nothing says how fast any GPU type is."""
    base = result()
    assert isinstance(base.outcome, Recommendation)
    untimed = replace(
        base.outcome.plan,
        step_seconds=NO_TIME,
        throughput=NO_TIME,
        scaling_efficiency=NO_TIME,
        duration_seconds=NO_TIME,
        gpu_hours=NO_TIME,
        cost=NO_TIME,
    )
    return replace(
        base,
        gpus=tuple(replace(row, step_time=NO_TIME) for row in base.gpus),
        outcome=replace(base.outcome, plan=untimed, candidates=(untimed,)),
    )


def nothing_fits() -> EstimateResult:
    """The same job where no plan is feasible."""
    nearest = plan(feasible=False)
    return replace(
        result(),
        outcome=NothingFits(nearest, (nearest,)),
        manifest=Missing("nothing fits, so there is no job to describe"),
    )
