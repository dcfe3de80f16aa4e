"""A job to be written down: everything that is decided before a kind is asked to."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.manifest.command import TrainingCommand
from estimator.manifest.devices import Devices
from estimator.manifest.images import ImageChoice
from estimator.manifest.settings import Training
from estimator.manifest.tree import Branch
from estimator.manifest.types import JobRequest


@dataclass(frozen=True, slots=True)
class Order:
    """What the estimate and the template decided. ``asked`` is the template with the user's
    settings, before any computed value.
    """

    request: JobRequest
    name: str
    command: TrainingCommand
    training: Training
    devices: Devices
    image: ImageChoice
    asked: Branch

    @property
    def nodes(self) -> int:
        return self.request.nodes
