"""Where dry steps run: in a child on this machine, or in another place."""

from __future__ import annotations

from dataclasses import dataclass

from estimator.drystep.device.choose import ChooseDevice, choose_device
from estimator.drystep.launch import RunDryStep, run_dry_step


@dataclass(frozen=True, slots=True)
class Where:
    """A place: how a step is run there, and how the device that it has is chosen."""

    run: RunDryStep = run_dry_step
    choose: ChooseDevice = choose_device


HERE = Where()
