"""Two results side by side."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from estimator.service.api.answers import problems
from estimator.service.api.estimates import find, packed_document
from estimator.service.api.models import Comparison, Difference, estimate_of
from estimator.service.context import caller, context_of, language_of
from estimator.service.security.tokens import Caller

router = APIRouter(prefix="/api/v1", tags=["estimates"])

Who = Annotated[Caller, Depends(caller)]
Name = Annotated[str, Query(pattern=r"^[0-9a-f]{32}$", description="Identifier of an estimate.")]

FIGURES = (
    "model.name",
    "model.parameters",
    "workload.per_device_batch_size",
    "workload.precision",
    "workload.optimizer",
    "measurement.peak_allocated_bytes",
    "measurement.peak_reserved_bytes",
    "measurement.breakdown_bytes.parameters",
    "measurement.breakdown_bytes.gradients",
    "measurement.breakdown_bytes.optimizer_state",
    "measurement.breakdown_bytes.activations",
    "measurement.breakdown_bytes.temporary",
    "recommendation.gpu",
    "recommendation.gpu_count",
    "recommendation.nodes",
    "recommendation.per_device_batch_size",
    "recommendation.memory_bytes",
    "recommendation.cpu",
    "recommendation.plan.precision",
    "recommendation.plan.device_memory_bytes.target",
    "recommendation.plan.step_time_s.target",
    "recommendation.plan.throughput_samples_per_s.target",
    "recommendation.plan.duration_s.target",
    "recommendation.plan.gpu_hours.target",
    "manifest.template",
    "manifest.kind",
)
"""Paths in the document, in the order in which they are told."""


@router.get(
    "/compare",
    response_model=Comparison,
    responses=problems(404, 409),
    summary="Compare two results",
)
def compare(request: Request, who: Who, left: Name, right: Name) -> Comparison:
    """The figures in which two answers differ, and those in which they do not."""
    context, language = context_of(request), language_of(request)
    runs = [find(context, name) for name in (left, right)]
    documents = [
        json.loads(gzip.decompress(packed_document(context, run, language))) for run in runs
    ]
    rows = list(_rows(*documents))
    return Comparison(
        left=estimate_of(runs[0], language),
        right=estimate_of(runs[1], language),
        differences=[one for one in rows if one.left != one.right],
        same=[one for one in rows if one.left == one.right and one.left is not None],
    )


def _rows(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[Difference]:
    for path in FIGURES:
        yield Difference(name=path, left=_at(left, path), right=_at(right, path))


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document
