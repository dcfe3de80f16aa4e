"""The phases of a run in plain lines: which one sets the peak, and where in the user's code."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.drystep.measurement import DryStepReport, PeakAt, PhasePeak
from estimator.messages import Say
from estimator.units import format_bytes
from estimator.values import Missing


def phase_lines(report: DryStepReport, say: Say) -> Iterator[str]:
    """The peak of each phase, then the place of the largest; nothing where none was seen."""
    if report.phases:
        peaks = ", ".join(_phase(phase, say) for phase in report.phases)
        yield say("summary.phases", peaks=peaks)
    if isinstance(report.peak_at, PeakAt):
        yield _place(report.peak_at, say)
    yield from (phase.note for phase in report.phases if phase.note)


def _phase(phase: PhasePeak, say: Say) -> str:
    return say(
        "summary.phase_peak",
        name=phase_name(phase.name, say),
        allocated=format_bytes(phase.peak_allocated_bytes),
        batch=phase.per_device_batch_size,
    )


def phase_name(name: str, say: Say) -> str:
    """The words for a phase; the name itself where there are none."""
    try:
        return say(f"run_phase.{name}")
    except KeyError:
        return name


def _place(peak: PeakAt, say: Say) -> str:
    """``the peak: training step, in the backward pass, layer1.0.conv2, conv2d_grad (net.py:7)``."""
    parts = [phase_name(peak.phase, say), say(f"phase.{peak.part.value}")]
    if not isinstance(peak.layer, Missing):
        parts.append(say("summary.peak_layer", layer=peak.layer))
    parts.append(say("summary.peak_operator", operator=peak.operator))
    if not isinstance(peak.file, Missing):
        parts.append(f"{peak.file}:{peak.line}")
    return say("summary.peak_at", place=say("summary.peak_comma").join(parts))
