"""One question in, one answer out: the way through all rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

from estimator.answers import Evidence, gpu_answers, gpu_rows
from estimator.drystep.device.build import Plugin
from estimator.drystep.device.choose import ChooseDevice
from estimator.drystep.launch import RunDryStep
from estimator.drystep.measurement import Device, DryStepReport, Precision
from estimator.drystep.ranks import Cluster, run_ranks
from estimator.drystep.request import CudaCard, DeviceChoice, DryStepRequest, Limits
from estimator.drystep.where import HERE, Where
from estimator.errors import BadInput
from estimator.experience import Experience, job_facts, load_correction, recorded_plan, remember
from estimator.gpus.catalogue import Catalogue, load_catalogue
from estimator.gpus.types import GpuType
from estimator.habits import past_jobs
from estimator.job import manifest_for, site_limits
from estimator.learning.correction import NoHistory
from estimator.learning.hostmemory import from_past_jobs
from estimator.manifest.catalogue import template_library
from estimator.manifest.clues import clues_of
from estimator.manifest.render import check_options, choose
from estimator.manifest.validate import prepare
from estimator.memory.estimate import capacity_classes
from estimator.memory.overhead import device_overhead
from estimator.memory.types import DeviceOverhead
from estimator.messages import message, sentence
from estimator.options import EstimateOptions
from estimator.plan.candidates import Inputs, gradient_bucket_bytes, plan_for
from estimator.plan.recommend import recommend
from estimator.plan.types import (
    CandidatePlan,
    Collaborators,
    GpuAnswer,
    Question,
    Recommendation,
    is_made_of,
)
from estimator.progress import Progress, Silence, Stage
from estimator.records.store import new_identifier
from estimator.records.types import JobFacts
from estimator.result import EstimateResult, NothingFits
from estimator.searched import plan_space, search_notes, searched_answers, seconds_for
from estimator.throughput.coefficients import load_coefficients
from estimator.throughput.multi_gpu import scaling_efficiency
from estimator.values import Bounded, Missing
from estimator.verification import Verification, verify

DEFAULT_BATCH_SIZE = 32
"""Per device, measured first where the user names none; the plan may take another."""

ALTERNATIVE_PRECISION = Precision("O1", "float16")
"""Tried beside float32 where the user names no precision: every GPU with tensor cores has it."""

_SILENCE = Silence()


def estimate(
    options: EstimateOptions,
    progress: Progress = _SILENCE,
    where: Where = HERE,
    identifier: str | None = None,
) -> EstimateResult:
    """Answer one question.

    where: the dry step runs. identifier: the name of the answer and its record, a new one
    where none is given; a record of that name that is there is written over.

    Raises BadInput, UserCodeFailed and InternalError; that nothing fits is an answer.
    """
    progress.stage(Stage.READ)
    catalogue = load_catalogue(options.gpus_file)
    gpus = _wanted(catalogue, options.gpus)
    templates = template_library(options.manifest.templates_folders)
    check_options(templates, options.manifest)
    with ThreadPoolExecutor(max_workers=1) as pool:
        correction = pool.submit(_get_ready)  # while the child runs the step
        request = _request(options, gpus, progress, where.choose)
        report = _dry_step(request, options, progress, where.run)
        verification = _verification(request, report, options, progress)
        options = _settled(options, report)
        progress.stage(Stage.PREDICT)
        experience = correction.result()
    evidence = Evidence(
        report,
        capacity_classes(gpus, _gpus_of(report)),
        experience.correction,
        measured_on=_name_of(report.device_name, catalogue),
    )
    rows = gpu_rows(evidence, gpus)
    progress.stage(Stage.PLAN)
    earlier = past_jobs(report.model.name)
    clues = clues_of(report, options.workload.model_file, earlier.templates)
    chosen = choose(templates, options.manifest, clues)
    question = replace(options.question, site_limits=site_limits(chosen.template.policy))
    answers = (*gpu_answers(evidence, gpus), *searched_answers(evidence, gpus, question))
    outcome = recommend(question, answers, gpus, _collaborators(report), report)
    facts = job_facts(report, recorded_plan(outcome), chosen.template.name)
    outcome = _with_past_host_memory(outcome, experience, facts)
    progress.stage(Stage.MANIFEST)
    identifier = identifier or new_identifier()
    by_name = {gpu.name: gpu for gpu in gpus}
    result = EstimateResult(
        identifier=identifier,
        workload=options.workload,
        question=question,
        report=report,
        gpus=rows,
        outcome=outcome,
        manifest=manifest_for(options, outcome, by_name, chosen, identifier),
        notes=(*_untried(report), *search_notes(options, report), *experience.notes),
        verification=verification,
        nearest_jobs=earlier.nearest(facts),
    )
    prior = _before_history(evidence, recorded_plan(outcome), question, by_name)
    return replace(result, notes=(*result.notes, *remember(result, prior)))


def _with_past_host_memory(
    outcome: Recommendation | NothingFits, experience: Experience, facts: JobFacts
) -> Recommendation | NothingFits:
    """Ask for the host memory that past jobs of this kind support, where there are some."""
    if isinstance(outcome, NothingFits):
        return outcome
    return replace(outcome, host=from_past_jobs(outcome.host, experience.state, facts))


def _get_ready() -> Experience:
    """Load what is needed when the step has been run."""
    load_coefficients()
    prepare()
    return load_correction()


def _untried(report: DryStepReport) -> tuple[str, ...]:
    """Why the largest batch of some capacities may be larger still; each reason once."""
    ends = (trial.next_failing_batch_size for trial in report.trials)
    return tuple(dict.fromkeys(end.reason for end in ends if isinstance(end, Missing)))


def _before_history(
    evidence: Evidence, plan: CandidatePlan, question: Question, gpus: Mapping[str, GpuType]
) -> CandidatePlan:
    """The same plan, predicted without past jobs."""
    plain = replace(evidence, correction=NoHistory())
    gpu = [gpus[plan.gpu]]
    answers = (*gpu_answers(plain, gpu), *searched_answers(plain, gpu, question))
    answer = next(answer for answer in answers if is_made_of(plan, answer))
    inputs = Inputs(question, gpus, _collaborators(evidence.report), evidence.report)
    return plan_for(inputs, answer, plan.gpu_count)


def _wanted(catalogue: Catalogue, names: Sequence[str]) -> tuple[GpuType, ...]:
    """The types the user named, each once, or all on offer."""
    if not names:
        return tuple(catalogue.offered)
    return tuple({gpu.name: gpu for gpu in map(catalogue.find, names)}.values())


def _name_of(device_name: str, catalogue: Catalogue) -> str | None:
    """The type that the driver calls ``device_name``; node labels spell it with dashes."""
    label = device_name.replace(" ", "-")
    return next((gpu.name for gpu in catalogue.types if gpu.product_label == label), None)


def _request(
    options: EstimateOptions,
    gpus: Sequence[GpuType],
    progress: Progress,
    choose: ChooseDevice,
) -> DryStepRequest:
    progress.stage(Stage.BUILD_DEVICE)
    chosen = choose(_device(options), progress.note)
    plugin, cluster = chosen.plugin, _cluster(options)
    return DryStepRequest(
        workload=options.workload,
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


def _gpus_of(report: DryStepReport) -> int:
    """How many GPUs the run was for."""
    return report.ranks[0].seen.topology.world_size if report.ranks else 1


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
    if _may_choose_batch_size(options):
        return options
    size = report.measurements[0].per_device_batch_size
    return replace(options, question=replace(options.question, pinned_batch_size=size))


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


def _collaborators(report: DryStepReport) -> Collaborators:
    """What the planner asks, each answer kept: over a thousand plans ask the same few things."""

    @cache
    def gradients(precision: Precision) -> int:
        return gradient_bucket_bytes(report, precision)

    def efficiency(
        answer: GpuAnswer, gpu: GpuType, count: int, nodes: int
    ) -> Bounded[float] | Missing:
        if isinstance(answer.step_time, Missing):
            return answer.step_time
        seconds = answer.step_time.step_seconds.target
        return scaling_efficiency(seconds, gradients(answer.precision), gpu, count, nodes)

    overheads: dict[tuple[str, int], DeviceOverhead] = {}

    def overhead(gpu: GpuType, count: int) -> DeviceOverhead:
        key = gpu.name, count
        if key not in overheads:
            overheads[key] = device_overhead(gpu, count)
        return overheads[key]

    return Collaborators(efficiency, overhead)
