"""The figures by which two answers are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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


def figures(left: Mapping[str, Any], right: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Name, left and right of each figure of two documents as JSON has them; None: not there."""
    for path in FIGURES:
        yield path, _at(left, path), _at(right, path)


def _at(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document
