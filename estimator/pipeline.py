"""One question in, one answer out: the way through all rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache

from estimator.answers import Evidence, gpu_answers, gpu_rows
from estimator.asking import Measured, measured
from estimator.drystep.measurement import DryStepReport, Precision
from estimator.drystep.where import HERE, Where
from estimator.experience import Experience, job_facts, load_correction, recorded_plan, remember
from estimator.gpus.catalogue import Catalogue, load_catalogue
from estimator.gpus.types import GpuType
from estimator.habits import past_jobs
from estimator.job import manifest_for, site_limits
from estimator.learning.correction import NoHistory
from estimator.learning.hostmemory import from_past_jobs
from estimator.manifest.catalogue import template_library
from estimator.manifest.clues import clues_of
from estimator.manifest.layers import TemplateLibrary
from estimator.manifest.render import check_options, choose
from estimator.manifest.validate import prepare
from estimator.memory.estimate import capacity_classes
from estimator.memory.overhead import device_overhead
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
from estimator.searched import search_notes, searched_answers
from estimator.throughput.coefficients import load_coefficients
from estimator.throughput.multi_gpu import DataParallelJob, scaling_efficiency, waits_of
from estimator.values import Bounded, Missing

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
        ready = pool.submit(_get_ready)  # while the child runs the step
        found = measured(options, gpus, progress, where)
        progress.stage(Stage.PREDICT)
        experience = ready.result()
    site = _Site(catalogue, gpus, templates, experience)
    return _answered(found, site, progress, identifier or new_identifier())


@dataclass(frozen=True, slots=True)
class _Site:
    """What does not come from the model: GPU types on offer, templates, past jobs."""

    catalogue: Catalogue
    gpus: tuple[GpuType, ...]
    templates: TemplateLibrary
    experience: Experience

    @property
    def by_name(self) -> dict[str, GpuType]:
        return {gpu.name: gpu for gpu in self.gpus}


def _answered(found: Measured, site: _Site, progress: Progress, identifier: str) -> EstimateResult:
    """Figures, plan and manifest of what was measured; the answer is remembered."""
    report, options, gpus = found.report, found.options, site.gpus
    evidence = Evidence(
        report,
        capacity_classes(gpus, _gpus_of(report)),
        site.experience.correction,
        measured_on=_name_of(report.device_name, site.catalogue),
    )
    alone = gpu_answers(evidence, gpus)
    rows = gpu_rows(evidence, gpus, alone)
    progress.stage(Stage.PLAN)
    earlier = past_jobs(report.model.name)
    clues = clues_of(report, options.workload.model_file, earlier.templates)
    chosen = choose(site.templates, options.manifest, clues)
    question = replace(options.question, site_limits=site_limits(chosen.template.policy))
    answers = (*alone, *searched_answers(evidence, gpus, question))
    outcome = recommend(question, answers, gpus, _collaborators(report), report)
    facts = job_facts(report, recorded_plan(outcome), chosen.template.name)
    outcome = _with_past_host_memory(outcome, site.experience, facts)
    progress.stage(Stage.MANIFEST)
    result = EstimateResult(
        identifier=identifier,
        workload=options.workload,
        question=question,
        report=report,
        gpus=rows,
        outcome=outcome,
        manifest=manifest_for(options, outcome, site.by_name, chosen, identifier),
        notes=(*_untried(report), *search_notes(options, report), *site.experience.notes),
        verification=found.verification,
        nearest_jobs=earlier.nearest(facts),
    )
    prior = _before_history(evidence, recorded_plan(outcome), question, site.by_name)
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


def _gpus_of(report: DryStepReport) -> int:
    """How many GPUs the run was for."""
    return report.ranks[0].seen.topology.world_size if report.ranks else 1


def _collaborators(report: DryStepReport) -> Collaborators:
    """What the planner asks."""
    waits = waits_of(report)

    @cache
    def gradients(precision: Precision) -> int:
        return gradient_bucket_bytes(report, precision)

    def efficiency(
        answer: GpuAnswer, gpu: GpuType, count: int, nodes: int
    ) -> Bounded[float] | Missing:
        if isinstance(answer.step_time, Missing):
            return answer.step_time
        seconds = answer.step_time.step_seconds.target
        bytes_of_gradients = gradients(answer.precision)
        job = DataParallelJob(seconds, bytes_of_gradients, gpu, count, nodes, waits)
        return scaling_efficiency(job)

    return Collaborators(efficiency, device_overhead)
