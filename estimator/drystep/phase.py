"""The parts of a training step."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """The part of a training step a kernel was launched in."""

    FORWARD = "forward"
    BACKWARD = "backward"
    OPTIMIZER = "optimizer"
