"""The part of the document that tells of the dry step."""

from __future__ import annotations

from estimator.document.figure import Figure, figure, known
from estimator.document.measured_parts import (
    NOWHERE,
    BatchesPart,
    BreakdownPart,
    CollectivePart,
    LoaderPart,
    MeasurementPart,
    PeakAtPart,
    PhasePart,
    RankPart,
    TimelinePart,
    VerificationPart,
)
from estimator.drystep.loader import LoaderSeen
from estimator.drystep.measurement import PeakAt, RankClass, StepMeasurement
from estimator.result import EstimateResult
from estimator.values import Bounded, Missing, Source
from estimator.verification import Verification


def measurement_part(result: EstimateResult, measured: StepMeasurement) -> MeasurementPart:
    """The dry step at the asked batch size, and what else was run."""
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
        layer=known(peak.layer),
        operator=peak.operator,
        file=known(peak.file),
        line=known(peak.line),
        reason="; ".join(dict.fromkeys(unknown)),
    )


def _measured_time(seconds: float | Missing) -> Figure[float]:
    if isinstance(seconds, Missing):
        return figure(seconds)
    return figure(Bounded.exact(seconds, Source.MEASURED, ""))
