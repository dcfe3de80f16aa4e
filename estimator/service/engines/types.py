"""What a worker of the service needs of a place for dry steps."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from estimator.drystep.device.choose import ChooseDevice
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import DryStepRequest, Limits


class Place(Protocol):
    """Room for one estimate: a folder for its files, and a way to run them."""

    @property
    def folder(self) -> Path: ...

    def kill(self) -> None:
        """End what runs here, from any thread."""
        ...

    def run(self, request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        """As :func:`estimator.drystep.launch.run_dry_step`; files go by names in the folder."""
        ...


class Engine(Protocol):
    """Makes places. ``safe``: strangers' code is held, or refused where it runs."""

    @property
    def safe(self) -> bool: ...

    @property
    def choose(self) -> ChooseDevice:
        """Takes a device of the place where the steps run."""
        ...

    def place(self, others_wait: bool = False) -> AbstractContextManager[Place]:
        """A place for one estimate, gone in the end.

        others_wait: for the place after it, which is then made ready at once and not when this
        estimate no longer needs the machine.
        """
        ...

    def close(self) -> None:
        """Let go of what waits."""
        ...
