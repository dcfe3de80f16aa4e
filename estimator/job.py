"""From the recommended plan to the job that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from estimator.errors import BadInput
from estimator.gpus.types import GpuType
from estimator.manifest.crds import load_definitions
from estimator.manifest.overrides import override
from estimator.manifest.policy import Rule
from estimator.manifest.render import ChosenTemplate, refused, render, saved_text
from estimator.manifest.types import JobRequest, Manifest, ManifestValue
from estimator.manifest.validate import located, require_valid, validate
from estimator.messages import sentence
from estimator.options import EstimateOptions, ManifestOptions
from estimator.plan.types import Recommendation, SiteLimit, SiteMeasure
from estimator.result import NothingFits
from estimator.values import Missing

_UNIQUE_LETTERS = 6
"""Of an identifier's random end: 16 million names."""


def job_request(
    recommendation: Recommendation, gpu: GpuType, model_file: str, identifier: str
) -> JobRequest:
    """The plan and its host request as values for a template, each with its reason."""
    plan, host = recommendation.plan, recommendation.host
    return JobRequest(
        name=model_file.rpartition("/")[2].removesuffix(".py"),
        gpu_product=gpu.product_label,
        gpu_count=plan.gpu_count // plan.nodes,
        nodes=plan.nodes,
        cpu=host.cpu,
        memory_bytes=host.memory_bytes,
        shm_bytes=host.shm_bytes,
        per_device_batch_size=plan.per_device_batch_size,
        compute_capability=gpu.compute_capability,
        model_file=model_file,
        reasons=_reasons(recommendation),
        estimate_id=identifier,
        device_memory=plan.memory.device_memory,
        device_capacity_bytes=plan.memory.capacity_bytes,
        duration=plan.duration_seconds,
    )


def manifest_for(
    options: EstimateOptions,
    outcome: Recommendation | NothingFits,
    gpus: Mapping[str, GpuType],
    chosen: ChosenTemplate,
    identifier: str,
) -> Manifest | Missing:
    """The YAML of the recommended plan, or why there is none: nothing fits, or the template, the
    policy or a check refuses it.
    """
    if isinstance(outcome, NothingFits):
        return Missing(sentence("nothing fits, so there is no job to ask for"))
    request = job_request(
        outcome, gpus[outcome.plan.gpu], str(options.workload.model_file), identifier
    )
    if options.manifest.own_name:
        request = replace(request, name=f"{request.name}-{identifier[-_UNIQUE_LETTERS:]}")
    wanted = with_command(options)
    try:
        return checked(render(request, wanted, chosen), options.manifest)
    except BadInput as error:  # the answer stands without it
        return refused(error, saved_text(request, wanted, chosen))


def checked(manifest: Manifest, options: ManifestOptions) -> Manifest:
    """The manifest with what was not checked. Raises BadInput with every finding."""
    definitions = None if options.crds is None else load_definitions(options.crds)
    verdict = validate(manifest.document, definitions)
    found = located(verdict.findings, manifest.document, manifest.origins)
    require_valid(found, manifest.document)
    return replace(manifest, notes=(*manifest.notes, *verdict.notes))


def site_limits(policy: Iterable[Rule]) -> tuple[SiteLimit, ...]:
    """The rules that limit plans, for the planner."""
    measures = set(SiteMeasure)
    return tuple(
        SiteLimit(SiteMeasure(rule.subject), rule.at_most, rule.allow, rule.who)
        for rule in policy
        if rule.subject in measures
    )


def with_command(options: EstimateOptions) -> ManifestOptions:
    """Of a script, the job's command is the user's own; all that was set by hand comes after."""
    script, manifest = options.workload.script, options.manifest
    if script is None or manifest.command is not None:
        return manifest
    words: list[ManifestValue] = list(script.command)
    if script.environment and "=" in script.command[0]:
        words.insert(0, "env")
    if script.command[0].endswith(".py"):
        words.insert(0, "python")
    own = (
        override("-- COMMAND", "training.command", words),
        override("--batch-arg", "training.batch_size_argument", [*script.batch_argument]),
    )
    return replace(manifest, settings=(*own, *manifest.settings))


def _reasons(recommendation: Recommendation) -> dict[str, str]:
    plan, host = recommendation.plan, recommendation.host
    chosen = recommendation.reasons[0] if recommendation.reasons else plan.reason
    return {
        "gpu": chosen,
        "gpu_count": chosen,
        "nodes": chosen,
        "per_device_batch_size": plan.memory.device_memory.reason,
        "memory": host.memory_reason,
        "cpu": host.cpu_reason,
        "shm": host.shm_reason,
    }
