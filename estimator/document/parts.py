"""The shape of the JSON document, as pydantic models."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from estimator.document.figure import Part
from estimator.document.measured_parts import MeasurementPart, ModelPart, WorkloadPart
from estimator.document.plan_parts import GpuPart, PlanPart, RecommendationPart

SCHEMA_VERSION: Literal[1] = 1


class OriginPart(Part):
    """Where one value of the YAML comes from, and why it is that value."""

    path: str
    value: Any
    origin: str
    reason: str


class SuggestionPart(Part):
    """Another template that suits the model, what speaks for it, and how strongly, in words."""

    name: str
    reason: str
    score: str


class TemplateChoicePart(Part):
    """Why the YAML is made of this template, and what else would suit, best first."""

    name: str
    reason: str
    score: str
    alternatives: list[SuggestionPart]


class ManifestPart(Part):
    """The YAML and the origin of each value; ``text`` is null where ``reason`` says why.

    ``layers``: ``name@digest`` of each layer of the template, lowest first.
    """

    kind: str | None
    template: str | None
    text: str | None
    origins: list[OriginPart]
    notes: list[str]
    reason: str
    template_choice: TemplateChoicePart | None = None
    layers: list[str] = []


class PastJobPart(Part):
    """A job of the same model that ran; ``differs``: in what it is not this one. Null: unknown."""

    identifier: str
    finished_at: datetime | None
    status: str | None
    gpu: str | None
    gpu_count: int | None
    per_device_batch_size: int | None
    precision: str | None
    peak_device_bytes: int | None
    peak_memory_bytes: int | None
    step_time_s: float | None
    duration_s: float | None
    differs: list[str]


class Document(Part):
    """The whole answer to one question."""

    schema_version: Literal[1]
    identifier: str
    model: ModelPart
    workload: WorkloadPart
    measurement: MeasurementPart
    gpus: list[GpuPart]
    plans: list[PlanPart]
    recommendation: RecommendationPart
    manifest: ManifestPart
    notes: list[str]
    nearest_jobs: list[PastJobPart] = []
