"""From a result to its document."""

from __future__ import annotations

from dataclasses import replace

from estimator.document.measured import measurement_part
from estimator.document.measured_parts import ModelPart, WorkloadPart
from estimator.document.parts import (
    SCHEMA_VERSION,
    Document,
    ManifestPart,
    OriginPart,
    PastJobPart,
    TemplateChoicePart,
)
from estimator.document.plan_parts import PlanPart
from estimator.document.planned import (
    gpu_part,
    plan_part,
    recommendation_part,
    same_but_for_batch,
)
from estimator.drystep.measurement import KernelUse, StepMeasurement
from estimator.manifest.types import Manifest, TemplateChoice
from estimator.messages import Language, localise
from estimator.plan.ranking import one_of_each_group
from estimator.plan.types import Recommendation
from estimator.result import EstimateResult, NothingFits
from estimator.values import Missing


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
        measurement=measurement_part(result, measured),
        gpus=[gpu_part(row) for row in result.gpus],
        plans=_plans(result.outcome),
        recommendation=recommendation_part(result.outcome),
        manifest=_manifest(result.manifest),
        notes=list(result.notes),
        nearest_jobs=[PastJobPart.model_validate(job) for job in result.nearest_jobs],
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


def _shown(outcome: Recommendation | NothingFits) -> Recommendation | NothingFits:
    """Without the plans that the document leaves out: two of three differ in their batch alone."""
    groups = set(map(id, one_of_each_group(outcome.candidates)))
    first = outcome.nearest if isinstance(outcome, NothingFits) else outcome.plan
    shown = (
        plan for plan in outcome.candidates if id(plan) in groups or same_but_for_batch(plan, first)
    )
    return replace(outcome, candidates=tuple(shown))


def _plans(outcome: Recommendation | NothingFits) -> list[PlanPart]:
    """Of each GPU type, count and precision the plan with the batch to prefer, best first."""
    return [plan_part(plan, outcome) for plan in one_of_each_group(outcome.candidates)]


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
