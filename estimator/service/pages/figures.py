"""Rows of the result page's tables, as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from estimator.document.figure import Figure
from estimator.document.parts import Document, OriginPart, PastJobPart
from estimator.document.plan_parts import BatchPart, PlanPart
from estimator.messages import Say
from estimator.units import format_bytes, format_duration, format_number

NONE = "-"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch size of the recommended plan."""

    size: int
    memory: str
    memory_interval: str
    speed: str
    speed_interval: str
    fits: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One plan."""

    what: str
    batch: int
    precision: str
    memory: str
    speed: str
    duration: str
    reason: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class OriginRow:
    """One value of the YAML."""

    path: str
    value: str
    origin: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastRow:
    """A past job of the same model."""

    identifier: str
    what: str
    status: str
    device_memory: str
    host_memory: str
    step_time: str
    duration: str
    differs: str


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of two results, and how it changes."""

    name: str
    left: str
    right: str
    change: str
    differs: bool


def batch_row(part: BatchPart, chosen: int | None) -> BatchRow:
    """A batch size in words."""
    memory, speed = part.device_memory_bytes, part.throughput_samples_per_s
    return BatchRow(
        size=part.per_device_batch_size,
        memory=_size(memory.target),
        memory_interval=_interval(memory, _size),
        speed=_rate(speed.target),
        speed_interval=_interval(speed, _rate),
        fits=part.fits,
        chosen=part.per_device_batch_size == chosen,
    )


def plan_row(plan: PlanPart) -> PlanRow:
    """A plan in words."""
    nodes = f" ({plan.nodes} x {plan.gpu_count // plan.nodes})" if plan.nodes > 1 else ""
    return PlanRow(
        what=f"{plan.gpu_count} x {plan.gpu}{nodes}",
        batch=plan.per_device_batch_size,
        precision=plan.precision,
        memory=_size(plan.device_memory_bytes.target),
        speed=_rate(plan.throughput_samples_per_s.target),
        duration=_time(plan.duration_s.target),
        reason=plan.reason,
        chosen=plan.chosen,
    )


def past_row(job: PastJobPart) -> PastRow:
    """A past job in words."""
    return PastRow(
        identifier=job.identifier,
        what=f"{job.gpu_count or 1} x {job.gpu or NONE}, {job.per_device_batch_size or NONE}",
        status=job.status or NONE,
        device_memory=_size(job.peak_device_bytes),
        host_memory=_size(job.peak_memory_bytes),
        step_time=_time(job.step_time_s),
        duration=_time(job.duration_s),
        differs=", ".join(job.differs),
    )


def origin_rows(document: Document, say: Say) -> list[tuple[str, list[OriginRow]]]:
    """The values that the estimate or the user set, then those of the template."""
    ours = [one for one in document.manifest.origins if ".yaml" not in one.origin]
    theirs = [one for one in document.manifest.origins if ".yaml" in one.origin]
    groups = ((say("result.set_here"), ours), (say("result.of_template"), theirs))
    return [(title, [_origin(one) for one in rows]) for title, rows in groups if rows]


def safe_batch(document: Document, say: Say) -> str:
    """The largest batch whose upper bound still fits, and the largest that ran."""
    chosen = document.recommendation
    part = next((one for one in document.gpus if one.name == chosen.gpu), None)
    if part is None or chosen.plan is None:
        return ""
    capacity = chosen.plan.capacity_bytes
    safe = [
        one.per_device_batch_size
        for one in chosen.batch_sizes
        if (one.device_memory_bytes.upper or capacity + 1) <= capacity
    ]
    return say(
        "result.safe_batch",
        gpu=part.name,
        safe=max(safe, default=0),
        largest=part.max_per_device_batch_size,
    )


def figure_row(name: str, left: Any, right: Any, say: Say) -> FigureRow:
    """A figure of two results in words."""
    shown = _bytes_or_plain(name)
    change = NONE
    if _is_number(left) and _is_number(right) and left and left != right:
        change = f"{(right - left) / left:+,.1%}"
    words = say(f"figure.{name}") if not name.startswith("measurement.breakdown") else ""
    label = words or say(f"memory.{name.rpartition('.')[2]}")
    return FigureRow(label, shown(left), shown(right), change, left != right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _bytes_or_plain(name: str) -> Any:
    def shown(value: Any) -> str:
        if value is None:
            return NONE
        if "bytes" in name:
            return format_bytes(int(value))
        if name.endswith(("_s.target",)) and "per_s" not in name:
            return format_duration(value)
        return format_number(value) if isinstance(value, float) else _whole(value)

    return shown


def _whole(value: Any) -> str:
    return f"{value:,}" if _is_number(value) else str(value)


def _origin(one: OriginPart) -> OriginRow:
    return OriginRow(one.path, json.dumps(one.value, ensure_ascii=False), one.origin, one.reason)


def _interval(figure: Figure[Any], shown: Any) -> str:
    if figure.lower is None:
        return NONE
    return f"{shown(figure.lower)} - {shown(figure.upper)}"


def _size(value: int | None) -> str:
    return NONE if value is None else format_bytes(value)


def _time(seconds: float | None) -> str:
    return NONE if seconds is None else format_duration(seconds)


def _rate(value: float | None) -> str:
    return NONE if value is None else format_number(value)
