"""The answer of ``paddle-estimate explain``."""

from __future__ import annotations

from dataclasses import replace

from estimator.asking import DEFAULT_BATCH_SIZE
from estimator.degrees import pinned_degrees
from estimator.drystep.device.choose import choose_device
from estimator.drystep.launch import run_dry_step
from estimator.drystep.measurement import (
    Device,
    DryStepReport,
    Precision,
    StepMeasurement,
    VariantRun,
)
from estimator.drystep.request import DeviceChoice, DryStepRequest, Limits
from estimator.drystep.search import Line
from estimator.errors import BadInput
from estimator.gpus.catalogue import load_catalogue
from estimator.gpus.types import GpuType
from estimator.memory.estimate import allocator_capacity, estimate_device_memory
from estimator.messages import sentence
from estimator.options import EstimateOptions
from estimator.progress import Progress, Stage
from estimator.savings.types import Saving, Savings, Shares
from estimator.savings.variants import Variant, variants_of
from estimator.values import Missing
from estimator.workload.types import Workload

DEFAULT_GPU = "A100-SXM4-80GB"
"""The type that rows are for where the user names none."""

TIME_FACTOR = 3
"""A score of variants takes longer than one question."""


def explain(options: EstimateOptions, progress: Progress) -> Savings:
    """Run the model as asked, at a second batch size, and in every other way.

    Raises what :func:`estimator.pipeline.estimate` raises, and BadInput without a virtual GPU.
    """
    progress.stage(Stage.READ)
    catalogue = load_catalogue(options.gpus_file)
    gpu = catalogue.find(options.gpus[0] if options.gpus else DEFAULT_GPU)
    pinned_degrees(options)  # those above 1 cannot be had on one GPU
    workload = options.workload
    size = workload.per_device_batch_size or DEFAULT_BATCH_SIZE
    found = variants_of(workload, size)
    variants = tuple(variant for variant in found if isinstance(variant, Variant))
    report = _run(
        options, gpu, progress, (_second(workload, size), *(v.workload for v in variants))
    )
    second, *runs = report.variants
    memory = estimate_device_memory(gpu, report.measurements[0], 1)
    rows = [
        _row(gpu, variant, run, memory.device_memory.target)
        for variant, run in zip(variants, runs, strict=True)
        if not _is_what_was_asked(variant, run, report)
    ]
    rows.sort(key=lambda row: -1 << 62 if isinstance(row.saving, Missing) else row.saving)
    return Savings(
        gpu=gpu.name,
        report=report,
        memory=memory,
        largest_batch_size=report.trials[0].max_per_device_batch_size,
        shares=_shares(report.measurements[0], second.measurement),
        rows=tuple(reversed(rows)),
        notes=tuple(gap.reason for gap in found if isinstance(gap, Missing)),
    )


def _run(
    options: EstimateOptions, gpu: GpuType, progress: Progress, variants: tuple[Workload, ...]
) -> DryStepReport:
    progress.stage(Stage.BUILD_DEVICE)
    chosen = choose_device(options.device, progress.note)
    if chosen.device is not Device.VIRTUAL or chosen.plugin is None:
        raise BadInput(
            sentence("explain runs on the virtual GPU: {why}", why=chosen.reason or chosen.device),
            hint="paddle-estimate doctor",
        )
    workload = options.workload
    request = DryStepRequest(
        workload=workload,
        per_device_batch_size=workload.per_device_batch_size or DEFAULT_BATCH_SIZE,
        precisions=(workload.precision or Precision(),),
        device=DeviceChoice.VIRTUAL,
        capacities=(allocator_capacity(gpu, 1),),
        plugin=chosen.plugin.library,
        environment=chosen.plugin.environment(),
        variants=variants,
    )
    progress.stage(Stage.DRY_STEP)
    limits = Limits(options.time_limit_seconds * TIME_FACTOR)
    return run_dry_step(request, limits, progress.detail)


def _second(workload: Workload, size: int) -> Workload:
    """The same at half the batch, or at two samples."""
    return replace(workload, per_device_batch_size=size // 2 if size > 1 else 2)


def _shares(asked: StepMeasurement, second: StepMeasurement | Missing) -> Shares | Missing:
    if isinstance(second, Missing):
        return second
    points = [(m.per_device_batch_size, m.peak_allocated_bytes) for m in (asked, second)]
    line = Line.through(*points)
    return Shares(points[0][0], points[1][0], round(line.fixed), round(line.per_sample))


def _is_what_was_asked(variant: Variant, run: VariantRun, report: DryStepReport) -> bool:
    """Whether a row about optimizers is about the one that the model has anyway."""
    return variant.workload.optimizer is not None and run.optimizer == report.optimizer


def _row(gpu: GpuType, variant: Variant, run: VariantRun, asked_bytes: int) -> Saving:
    if isinstance(run.measurement, Missing):
        return Saving(variant.flags, run.measurement, run.measurement, run.largest_batch_size)
    memory = estimate_device_memory(gpu, run.measurement, 1)
    saving = asked_bytes - memory.device_memory.target
    return Saving(variant.flags, memory, saving, run.largest_batch_size)
