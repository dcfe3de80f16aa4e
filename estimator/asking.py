"""What is asked of a dry step, and what it brings back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from estimator.degrees import check_ran, pinned_degrees, unsplit
from estimator.drystep.device.build import Plugin
from estimator.drystep.device.choose import ChooseDevice
from estimator.drystep.launch import RunDryStep
from estimator.drystep.measurement import Device, DryStepReport, Precision
from estimator.drystep.ranks import Cluster, run_ranks
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest, Limits
from estimator.drystep.where import Where
from estimator.errors import BadInput
from estimator.gpus.types import GpuType
from estimator.memory.estimate import capacity_classes
from estimator.messages import message, sentence
from estimator.options import EstimateOptions
from estimator.progress import Progress, Stage
from estimator.searched import plan_space, seconds_for
from estimator.values import Missing
from estimator.verification import Verification, verify

DEFAULT_BATCH_SIZE = 32
"""Per device, measured first where the user names none; the plan may take another."""

ALTERNATIVE_PRECISION = Precision("O1", "float16")
"""Tried beside float32 where the user names no precision: every GPU with tensor cores has it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A report, the options to plan with, and the step computed on the CPU where that is asked."""

    report: DryStepReport
    options: EstimateOptions
    verification: Verification | Missing | None


def measured(
    options: EstimateOptions, gpus: Sequence[GpuType], progress: Progress, where: Where
) -> Measured:
    """Run the dry step. Raises BadInput, UserCodeFailed and InternalError."""
    request = _request(options, gpus, progress, where.choose)
    report = _dry_step(request, options, progress, where.run)
    check_ran(request.plans, report)
    verification = _verification(request, report, options, progress)
    return Measured(report, _settled(options, report), verification)


def _request(
    options: EstimateOptions,
    gpus: Sequence[GpuType],
    progress: Progress,
    choose: ChooseDevice,
) -> DryStepRequest:
    degrees = pinned_degrees(options)
    progress.stage(Stage.BUILD_DEVICE)
    chosen = choose(_device(options), progress.note)
    plugin, cluster = chosen.plugin, _cluster(options)
    return DryStepRequest(
        workload=unsplit(options.workload, degrees),
        per_device_batch_size=options.workload.per_device_batch_size or DEFAULT_BATCH_SIZE,
        precisions=_precisions(options, chosen.device),
        device=DeviceChoice(chosen.device.value),
        capacities=tuple(capacity_classes(gpus, cluster.world_size if cluster else 1)),
        round_batch_sizes=_may_choose_batch_size(options),
        plugin=plugin.library if plugin else None,
        environment=_environment(options, plugin),
        fallback_reason=chosen.reason,
        seconds=seconds_for(options),
        card=_card(gpus) if options.workload.script or len(gpus) == 1 else None,
        timeline=options.timeline,
        plans=plan_space(options, gpus, chosen),
    )


def _environment(options: EstimateOptions, plugin: Plugin | None) -> dict[str, str]:
    """Variables that must be there when the child starts: Python and Paddle read them only then."""
    script = options.workload.script
    own = dict(script.environment) if script else {}
    return own | (plugin.environment() if plugin else {})


def _dry_step(
    request: DryStepRequest, options: EstimateOptions, progress: Progress, run: RunDryStep
) -> DryStepReport:
    progress.stage(Stage.DRY_STEP)
    limits, cluster = Limits(seconds_for(options)), _cluster(options)
    if cluster is None:
        report = run(request, limits, progress.detail)
    else:
        report = run_ranks(request, cluster, limits, progress.detail, run)
    return replace(report, assumptions=(*_assumptions(options), *report.assumptions))


def _verification(
    request: DryStepRequest, report: DryStepReport, options: EstimateOptions, progress: Progress
) -> Verification | Missing | None:
    if not options.verify:
        return None
    progress.stage(Stage.VERIFY)
    limits = Limits(options.time_limit_seconds)
    return verify(request, report.measurements[0], limits, progress.detail)


def _cluster(options: EstimateOptions) -> Cluster | None:
    """The machines that a script is run on rank by rank; None for one GPU, or where the plan is to
    choose how many.

    Raises BadInput where nodes are named without their GPUs.
    """
    question = options.question
    if options.workload.script is None or question.pinned_nodes is None:
        return None
    if question.pinned_gpus is None:
        raise BadInput(message("error.nodes_without_gpus"), where="--nodes", hint="--gpus 8")
    cluster = Cluster(question.pinned_gpus, question.pinned_nodes)
    return cluster if cluster.world_size > 1 else None


def _device(options: EstimateOptions) -> DeviceChoice:
    if options.workload.script is None:
        return options.device
    if options.device not in (DeviceChoice.AUTO, DeviceChoice.VIRTUAL):
        raise BadInput(message("error.script_device"), where="--device", hint="--device virtual")
    return DeviceChoice.VIRTUAL


def _may_choose_batch_size(options: EstimateOptions) -> bool:
    """Whether the plan may take another batch size: of a script, if the command can say it."""
    script = options.workload.script
    can_be_told = script is None or bool(script.batch_argument)
    return can_be_told and options.question.pinned_batch_size is None


def _settled(options: EstimateOptions, report: DryStepReport) -> EstimateOptions:
    """The job runs the user's command: its batch size is the script's, unless it can be told."""
    degrees = tuple(pinned_degrees(options).items())
    question = replace(options.question, pinned_degrees=degrees)
    if not _may_choose_batch_size(options):
        size = report.measurements[0].per_device_batch_size
        question = replace(question, pinned_batch_size=size)
    return replace(options, question=question)


def _card(gpus: Sequence[GpuType]) -> CudaCard:
    """What a program is told of its GPU: of several types the one with the most memory."""
    gpu = max(gpus, key=lambda gpu: gpu.cuda_visible_bytes)
    count = gpu.multiprocessors
    return CudaCard(
        name=gpu.product_label.replace("-", " ", 1),
        compute_capability=gpu.compute_capability,
        memory_bytes=gpu.cuda_visible_bytes,
        multiprocessors=0 if isinstance(count, Missing) else count,
    )


def _precisions(options: EstimateOptions, device: Device) -> tuple[Precision, ...]:
    if options.workload.precision is not None:
        return (options.workload.precision,)
    if device is Device.VIRTUAL:
        return (Precision(), ALTERNATIVE_PRECISION)
    return (Precision(),)


def _assumptions(options: EstimateOptions) -> tuple[str, ...]:
    if options.workload.per_device_batch_size is not None or options.workload.script is not None:
        return ()
    return (
        sentence(
            "no --batch-size was given: measured at {batch} per device, and the plan chooses among "
            "the batch sizes that ran",
            batch=DEFAULT_BATCH_SIZE,
        ),
    )
