"""The answer for people: what was measured, the GPUs considered, what to ask for and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from estimator.cli.gputable import gpu_table
from estimator.cli.phases import phase_lines
from estimator.drystep.measurement import MemoryBreakdown, StepMeasurement
from estimator.messages import Say
from estimator.plan.reasons.words import way_in_words
from estimator.plan.types import CandidatePlan, Recommendation
from estimator.records.types import Target
from estimator.result import EstimateResult, NothingFits
from estimator.units import format_bytes, format_duration, to_quantity
from estimator.values import Missing
from estimator.verification import shown_kernels


def summary(result: EstimateResult, width: int, say: Say) -> Group:
    """Everything a person wants to see first, for a console of ``width`` columns."""
    return Group(
        *_measured(result, say),
        Text(),
        gpu_table(result, width, say),
        Text(),
        *_outcome(result.outcome, say),
        *_listed(say("summary.history"), (*_history(result, say), *_near(result, say))),
        *_listed(say("summary.assumptions"), result.report.assumptions),
        *_listed(say("summary.notes"), _notes(result, say)),
    )


def _heading(words: str) -> Text:
    return Text(words, style="bold")


def _indented(words: str) -> RenderableType:
    return Padding(Text(words), (0, 0, 0, 2), expand=False)


def _listed(title: str, sentences: Sequence[str]) -> Iterator[RenderableType]:
    if sentences:
        yield _heading(title)
    for sentence in sentences:
        yield _indented(f"- {sentence}")


def _notes(result: EstimateResult, say: Say) -> tuple[str, ...]:
    fallback = (result.report.fallback_reason,) if result.report.fallback_reason else ()
    manifest = () if isinstance(result.manifest, Missing) else result.manifest.notes
    return (*fallback, *_no_step_times(result, say), *result.notes, *manifest)


def _no_step_times(result: EstimateResult, say: Say) -> Iterator[str]:
    """Why GPU types have no step time: one line for all that share the reason."""
    reasons = Counter(
        row.step_time.reason for row in result.gpus if isinstance(row.step_time, Missing)
    )
    for why, count in reasons.items():
        yield say("summary.no_step_time", count=count, total=len(result.gpus), why=why)


def _measured(result: EstimateResult, say: Say) -> Iterator[RenderableType]:
    report, measured = result.report, result.report.measurements[0]
    yield _heading(
        say(
            "summary.model",
            name=report.model.name,
            parameters=f"{report.model.parameters:,}",
            source=report.model.source,
        )
    )
    yield _indented(
        say(
            f"summary.measured_{report.device.value}",
            paddle=report.paddle_version,
            seconds=format_duration(report.seconds),
        )
    )
    yield _indented(_batch(measured, report.optimizer, say))
    yield _indented(_peak(measured, say))
    yield _indented(_breakdown(measured.breakdown, say))
    yield from map(_indented, phase_lines(report, say))
    yield from map(_indented, _verification(result, say))


def _verification(result: EstimateResult, say: Say) -> Iterator[str]:
    found = result.verification
    if isinstance(found, Missing):
        yield say("summary.not_verified", why=found.reason)
    elif found is not None:
        yield say(
            "summary.verified",
            batch=found.per_device_batch_size,
            virtual=format_bytes(found.virtual_bytes),
            computed=format_bytes(found.cpu_bytes),
            difference=f"{found.relative_difference:+.3%}",
            allocator=format_bytes(found.allocator_bytes),
            verdict=found.reason,
        )
        if found.unchecked:
            yield say("summary.unchecked", kernels=tuple(shown_kernels(found.unchecked)))


def _batch(measured: StepMeasurement, optimizer: str, say: Say) -> str:
    return say(
        "summary.batch",
        batch=measured.per_device_batch_size,
        whole=measured.samples,
        precision=measured.precision.label,
        optimizer=optimizer,
    )


def _peak(measured: StepMeasurement, say: Say) -> str:
    return say(
        "summary.peak",
        allocated=format_bytes(measured.peak_allocated_bytes),
        reserved=format_bytes(measured.peak_reserved_bytes),
        phase=say(f"phase.{measured.peak_phase.value}"),
    )


def _breakdown(kinds: MemoryBreakdown, say: Say) -> str:
    names = [field.name for field in fields(MemoryBreakdown)]
    parts = [f"{say(f'kind.{name}')} {format_bytes(getattr(kinds, name))}" for name in names]
    return "= " + " + ".join(parts)


def _outcome(outcome: Recommendation | NothingFits, say: Say) -> Iterator[RenderableType]:
    if isinstance(outcome, NothingFits):
        yield Text(say("summary.nothing_fits"), style="bold red")
        yield _indented(say("summary.nearest", plan=plan_name(outcome.nearest, say)))
        yield _indented(outcome.nearest.reason)
        return
    chosen = plan_name(outcome.plan, say)
    yield Text(say("summary.recommendation", plan=chosen), style="bold green")
    yield _indented(_request(outcome, say))
    for number, reason in enumerate(outcome.reasons, start=1):
        yield _indented(f"{number}. {reason}")


def plan_name(plan: CandidatePlan, say: Say) -> str:
    """``2 x A100, nodes: 1, batch size 64 per device, 128 global, fp32``."""
    return say(
        "summary.plan",
        count=plan.gpu_count,
        gpu=plan.gpu,
        nodes=plan.nodes,
        batch=plan.per_device_batch_size,
        whole=plan.global_batch_size,
        precision=way_in_words(plan.precision, plan.strategy),
    )


def _request(recommendation: Recommendation, say: Say) -> str:
    host = recommendation.host
    return say(
        "summary.request",
        cpu=host.cpu,
        memory=to_quantity(host.memory_bytes),
        shm=to_quantity(host.shm_bytes),
    )


def _history(result: EstimateResult, say: Say) -> Iterator[str]:
    """What past jobs changed for the GPU type that is recommended, at the asked batch size."""
    outcome = result.outcome
    plan = outcome.plan if isinstance(outcome, Recommendation) else outcome.nearest
    for row in result.gpus:
        for one in row.learnt if row.gpu.name == plan.gpu else ():
            show = _size if one.target is Target.DEVICE_MEMORY else format_duration
            levels = "; ".join(f"{level.count} {level.level}" for level in one.evidence)
            yield say(
                "summary.learnt",
                what=say(f"explain.{_LEARNT[one.target]}"),
                gpu=plan.gpu,
                before=show(one.before.target),
                after=show(one.after.target),
                lower=show(one.after.lower),
                upper=show(one.after.upper),
                levels=levels,
            )


def _near(result: EstimateResult, say: Say) -> Iterator[str]:
    """The own past jobs that are most like this one, with what they took."""
    for job in result.nearest_jobs:
        took = (
            ("device", "size", job.peak_device_bytes and format_bytes(job.peak_device_bytes)),
            ("host", "size", job.peak_memory_bytes and format_bytes(job.peak_memory_bytes)),
            ("step", "time", job.step_time_s and format_duration(job.step_time_s)),
            ("duration", "time", job.duration_s and format_duration(job.duration_s)),
        )
        yield say(
            "summary.near",
            identifier=job.identifier,
            took=tuple(
                say(f"summary.near_{what}", **{name: said}) for what, name, said in took if said
            ),
            status=job.status or say("summary.near_unknown"),
            differs=job.differs or say("summary.near_same"),
        )


_LEARNT = {Target.DEVICE_MEMORY: "device_memory", Target.STEP_TIME: "step_time"}


def _size(amount: float) -> str:
    return format_bytes(round(amount))
