"""What a device finds out about a workload."""

from __future__ import annotations

from dataclasses import dataclass, replace

from estimator.drystep.child.training import Training
from estimator.drystep.measurement import (
    NOT_LOCATED,
    CapacityTrial,
    Device,
    ModelFacts,
    PeakAt,
    PhasePeak,
    PlansSeen,
    StepMeasurement,
    Timeline,
    VariantRun,
)
from estimator.values import Missing


@dataclass(frozen=True, slots=True)
class Findings:
    """All of a report but what does not depend on the device."""

    device: Device
    model: ModelFacts
    optimizer: str
    assumptions: tuple[str, ...]
    measurements: tuple[StepMeasurement, ...]
    trials: tuple[CapacityTrial, ...]
    ladder: tuple[StepMeasurement, ...] = ()
    device_name: str = ""
    phases: tuple[PhasePeak, ...] = ()
    peak_at: PeakAt | Missing = NOT_LOCATED
    variants: tuple[VariantRun, ...] = ()
    timeline: Timeline | None = None
    plans: PlansSeen | Missing | None = None

    def assuming(self, *more: str) -> Findings:
        """The same with further assumptions."""
        return replace(self, assumptions=(*self.assumptions, *more))


def findings_of(
    device: Device,
    training: Training,
    measurements: tuple[StepMeasurement, ...],
    trials: tuple[CapacityTrial, ...],
) -> Findings:
    """What was measured with ``training``, and what that says of its model."""
    return Findings(
        device=device,
        model=training.facts(),
        optimizer=training.optimizer_name,
        assumptions=training.assumptions,
        measurements=measurements,
        trials=trials,
    )
