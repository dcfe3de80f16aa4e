"""From a result to its document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from estimator.document.parts import (
    NOWHERE,
    SCHEMA_VERSION,
    BatchesPart,
    BatchPart,
    BreakdownPart,
    CollectivePart,
    DataFeedPart,
    Document,
    EvidencePart,
    Figure,
    GpuPart,
    LayerPart,
    LearntPart,
    LoaderPart,
    ManifestPart,
    MeasurementPart,
    ModelPart,
    Number,
    OriginPart,
    PastJobPart,
    PeakAtPart,
    PhasePart,
    PlanPart,
    RankPart,
    RecommendationPart,
    TemplateChoicePart,
    TimelinePart,
    VerificationPart,
    WorkloadPart,
)
from estimator.drystep.loader import LoaderSeen
from estimator.drystep.measurement import KernelUse, PeakAt, RankClass, StepMeasurement
from estimator.manifest.types import Manifest, TemplateChoice
from estimator.memory.layers import device_memory_layers
from estimator.messages import Language, localise
from estimator.plan.ranking import one_of_each_group
from estimator.plan.types import CandidatePlan, DataFeed, Recommendation
from estimator.result import EstimateResult, GpuRow, Learnt, NothingFits
from estimator.values import Bounded, Missing, Source
from estimator.verification import Verification

Known = TypeVar("Known")


def to_document(result: EstimateResult, language: Language = Language.EN) -> Document:
    """The document of a result, in a language where the result is not in one already."""
    result = replace(result, outcome=_shown(result.outcome))
    result = localise(result, language, leaves=(KernelUse,))
    report, measured = result.report, result.report.measurements[0]
    return Document(
        schema_version=SCHEMA_VERSION,
        identifier=result.identifier,
        model=ModelPart.model_validate(report.model),
        workload=_workload(result, measured),
        measurement=_measurement(result, measured),
        gpus=[_gpu(row) for row in result.gpus],
        plans=_plans(result.outcome),
        recommendation=_recommendation(result.outcome),
        manifest=_manifest(result.manifest),
        notes=list(result.notes),
        nearest_jobs=[PastJobPart.model_validate(job) for job in result.nearest_jobs],
    )


def figure(value: Bounded[Number] | Missing) -> Figure[Number]:
    """A number with its interval, or the reason why there is none."""
    if isinstance(value, Missing):
        return Figure(target=None, lower=None, upper=None, source=None, reason=value.reason)
    return Figure(
        target=value.target,
        lower=value.lower,
        upper=value.upper,
        source=value.source,
        reason=value.reason,
    )


def _workload(result: EstimateResult, measured: StepMeasurement) -> WorkloadPart:
    return WorkloadPart(
        per_device_batch_size=measured.per_device_batch_size,
        precision=measured.precision.label,
        optimizer=result.report.optimizer,
        options=dict(result.workload.options),
        assumptions=list(result.report.assumptions),
        command=list(script.command) if (script := result.workload.script) else None,
    )


def _measurement(result: EstimateResult, measured: StepMeasurement) -> MeasurementPart:
    report = result.report
    return MeasurementPart(
        device=report.device,
        fallback_reason=report.fallback_reason,
        paddle_version=report.paddle_version,
        peak_allocated_bytes=measured.peak_allocated_bytes,
        peak_reserved_bytes=measured.peak_reserved_bytes,
        breakdown_bytes=BreakdownPart.model_validate(measured.breakdown),
        peak_phase=measured.peak_phase,
        step_time_s=_measured_time(measured.step_seconds),
        host_peak_bytes=report.host_peak_bytes,
        seconds=report.seconds,
        phases=[PhasePart.model_validate(phase) for phase in report.phases],
        peak_at=_peak_at(report.peak_at),
        batches=BatchesPart.model_validate(report.batches) if report.batches else None,
        verification=_verification(result.verification),
        timeline=TimelinePart.model_validate(report.timeline) if report.timeline else None,
        axes=dict(report.ranks[0].seen.topology.axes) if report.ranks else {},
        ranks=[_rank(one) for one in report.ranks],
        loader=_loader(report.loader),
    )


def _loader(loader: LoaderSeen | Missing) -> LoaderPart | None:
    if isinstance(loader, Missing):
        return None
    settings = {
        "workers": loader.workers,
        "prefetch_factor": loader.prefetch_factor,
        "shared_memory": loader.shared_memory,
    }
    cost = loader.cost
    if isinstance(cost, Missing):
        return LoaderPart.model_validate(settings | {"reason": cost.reason})
    times = {
        "processor_s_per_sample": cost.processor_seconds,
        "waiting_s_per_sample": cost.waiting_seconds,
        "samples": cost.samples,
        "batches": cost.batches,
        "source": Source.MEASURED,
    }
    return LoaderPart.model_validate(settings | times)


def _rank(one: RankClass) -> RankPart:
    measured, seen = one.measurement, one.seen
    return RankPart(
        name=one.name,
        rank=seen.rank,
        ranks=list(one.ranks),
        places=dict(seen.topology.place(seen.rank)),
        parameters=one.parameters,
        peak_allocated_bytes=measured.peak_allocated_bytes,
        peak_reserved_bytes=measured.peak_reserved_bytes,
        workspace_bytes=measured.workspace_bytes,
        breakdown_bytes=BreakdownPart.model_validate(measured.breakdown),
        samples=seen.samples,
        micro_batches=seen.micro_batches,
        collectives=[CollectivePart.model_validate(use) for use in seen.collectives],
    )


def _verification(found: Verification | Missing | None) -> VerificationPart | None:
    if isinstance(found, Missing):
        unknown = dict.fromkeys(VerificationPart.model_fields)
        return VerificationPart.model_validate(unknown | {"reason": found.reason, "unchecked": []})
    return None if found is None else VerificationPart.model_validate(found)


def _peak_at(peak: PeakAt | Missing) -> PeakAtPart:
    if isinstance(peak, Missing):
        return NOWHERE.model_copy(update={"reason": peak.reason})
    unknown = (v.reason for v in (peak.layer, peak.file) if isinstance(v, Missing))
    return PeakAtPart(
        phase=peak.phase,
        part=peak.part,
        layer=_known(peak.layer),
        operator=peak.operator,
        file=_known(peak.file),
        line=_known(peak.line),
        reason="; ".join(dict.fromkeys(unknown)),
    )


def _known(value: Known | Missing) -> Known | None:
    return None if isinstance(value, Missing) else value


def _measured_time(seconds: float | Missing) -> Figure[float]:
    if isinstance(seconds, Missing):
        return figure(seconds)
    return figure(Bounded.exact(seconds, Source.MEASURED, ""))


def _gpu(row: GpuRow) -> GpuPart:
    memory, step = row.memory, row.step_time
    return GpuPart(
        name=row.gpu.name,
        fits=memory.fits,
        precision=row.precision.label,
        per_device_batch_size=memory.per_device_batch_size,
        reserved_bytes=memory.reserved_bytes,
        capacity_bytes=memory.capacity_bytes,
        context_bytes=figure(memory.overhead.context),
        communication_bytes=figure(memory.overhead.communication),
        device_memory_bytes=figure(memory.device_memory),
        max_per_device_batch_size=row.max_per_device_batch_size,
        step_time_s=figure(step if isinstance(step, Missing) else step.step_seconds),
        throughput_samples_per_s=figure(step if isinstance(step, Missing) else step.throughput),
        time_share={} if isinstance(step, Missing) else dict(step.share),
        device_memory_layers=[
            LayerPart(name=layer.name, **figure(layer.size).model_dump())
            for layer in device_memory_layers(memory)
        ],
        learnt=[_learnt(one) for one in row.learnt],
    )


def _learnt(one: Learnt) -> LearntPart:
    return LearntPart(
        target=one.target.value,
        before=figure(one.before),
        after=figure(one.after),
        evidence=[EvidencePart.model_validate(level) for level in one.evidence],
    )


def _plan(plan: CandidatePlan, outcome: Recommendation | NothingFits) -> PlanPart:
    return PlanPart(
        gpu=plan.gpu,
        gpu_count=plan.gpu_count,
        nodes=plan.nodes,
        per_device_batch_size=plan.per_device_batch_size,
        global_batch_size=plan.global_batch_size,
        precision=plan.precision.label,
        device_memory_bytes=figure(plan.memory.device_memory),
        capacity_bytes=plan.memory.capacity_bytes,
        step_time_s=figure(plan.step_seconds),
        throughput_samples_per_s=figure(plan.throughput),
        scaling_efficiency=figure(plan.scaling_efficiency),
        duration_s=figure(plan.duration_seconds),
        gpu_hours=figure(plan.gpu_hours),
        cost=figure(plan.cost),
        feasible=plan.feasible,
        chosen=isinstance(outcome, Recommendation) and _is_same(plan, outcome.plan),
        reason=plan.reason,
        sharding_stage=plan.strategy.sharding_stage,
        sharding_degree=plan.strategy.hybrid_configs(plan.gpu_count)["sharding_degree"],
        tensor_parallel_degree=plan.strategy.tensor_parallel_degree,
        pipeline_parallel_degree=plan.strategy.pipeline_parallel_degree,
        micro_batches=plan.micro_batches,
        recompute=plan.strategy.recompute,
        was_run=plan.was_run,
    )


def _shown(outcome: Recommendation | NothingFits) -> Recommendation | NothingFits:
    """Without the plans that the document leaves out: two of three differ in their batch alone."""
    groups = set(map(id, one_of_each_group(outcome.candidates)))
    first = outcome.nearest if isinstance(outcome, NothingFits) else outcome.plan
    shown = (
        plan for plan in outcome.candidates if id(plan) in groups or _but_for_batch(plan, first)
    )
    return replace(outcome, candidates=tuple(shown))


def _plans(outcome: Recommendation | NothingFits) -> list[PlanPart]:
    """Of each GPU type, count and precision the plan with the batch to prefer, best first."""
    return [_plan(plan, outcome) for plan in one_of_each_group(outcome.candidates)]


def _is_same(plan: CandidatePlan, other: CandidatePlan) -> bool:
    """Whether two plans ask for the same; their reasons may differ."""
    return _but_for_batch(plan, other) and replace(plan, reason=other.reason) == other


def _recommendation(outcome: Recommendation | NothingFits) -> RecommendationPart:
    if isinstance(outcome, NothingFits):
        return _no_recommendation(outcome)
    plan, host = outcome.plan, outcome.host
    return RecommendationPart(
        gpu=plan.gpu,
        gpu_count=plan.gpu_count,
        nodes=plan.nodes,
        per_device_batch_size=plan.per_device_batch_size,
        global_batch_size=plan.global_batch_size,
        memory_bytes=host.memory_bytes,
        memory_reason=host.memory_reason,
        cpu=host.cpu,
        cpu_reason=host.cpu_reason,
        shm_bytes=host.shm_bytes,
        shm_reason=host.shm_reason,
        plan=_plan(plan, outcome),
        nearest_miss=None,
        reasons=list(outcome.reasons),
        batch_sizes=_batch_sizes(plan, outcome.candidates),
        data_feed=_data_feed(host.feed),
    )


def _data_feed(feed: DataFeed) -> DataFeedPart:
    return DataFeedPart(
        source=feed.source,
        reason=feed.reason,
        processor_s_per_sample=feed.processor_seconds,
        waiting_s_per_sample=feed.waiting_seconds,
        taken_samples_per_s=_known(feed.samples_per_second),
        made_samples_per_s=feed.made_per_second,
        workers=feed.workers,
        cores=feed.cores,
        workers_needed=_known(feed.workers_needed),
        workers_set=_known(feed.workers_set),
        verdict=feed.verdict,
    )


def _batch_sizes(chosen: CandidatePlan, plans: Sequence[CandidatePlan]) -> list[BatchPart]:
    """The plans that differ from the chosen one in their batch size alone."""
    same = {plan.per_device_batch_size: plan for plan in plans if _but_for_batch(plan, chosen)}
    return [
        BatchPart(
            per_device_batch_size=size,
            fits=plan.memory.fits,
            device_memory_bytes=figure(plan.memory.device_memory),
            throughput_samples_per_s=figure(plan.throughput),
        )
        for size, plan in sorted(same.items())
    ]


def _but_for_batch(plan: CandidatePlan, other: CandidatePlan) -> bool:
    return (plan.gpu, plan.gpu_count, plan.nodes, plan.precision, plan.strategy) == (
        other.gpu,
        other.gpu_count,
        other.nodes,
        other.precision,
        other.strategy,
    )


def _no_recommendation(outcome: NothingFits) -> RecommendationPart:
    why = outcome.nearest.reason
    return RecommendationPart(
        gpu=None,
        gpu_count=None,
        nodes=None,
        per_device_batch_size=None,
        global_batch_size=None,
        memory_bytes=None,
        memory_reason=why,
        cpu=None,
        cpu_reason=why,
        shm_bytes=None,
        shm_reason=why,
        plan=None,
        nearest_miss=_plan(outcome.nearest, outcome),
        reasons=[why],
    )


def _template_choice(choice: TemplateChoice | None) -> TemplateChoicePart | None:
    return None if choice is None else TemplateChoicePart.model_validate(choice)


def _manifest(manifest: Manifest | Missing) -> ManifestPart:
    if isinstance(manifest, Missing):
        return ManifestPart(
            kind=None, template=None, text=None, origins=[], notes=[], reason=manifest.reason
        )
    return ManifestPart(
        kind=manifest.kind,
        template=manifest.template,
        text=manifest.text,
        origins=[OriginPart.model_validate(origin) for origin in manifest.origins],
        notes=list(manifest.notes),
        reason="",
        template_choice=_template_choice(manifest.choice),
        layers=list(manifest.layers),
    )
