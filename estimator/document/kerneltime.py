"""Where the time of a training step goes: the share of each class of kernels."""

from __future__ import annotations

from collections.abc import Mapping

from estimator.charts.answer import share_bars
from estimator.charts.types import Chart
from estimator.messages import Say

LEAST = 0.0005
"""Shares that would be written as 0.0 % are left out."""


def time_chart(gpu: str, batch: int, share: Mapping[str, float], say: Say) -> Chart | None:
    """Shares of the time of all kernels on ``gpu`` at this per-device batch size.

    None where nothing is known of them.
    """
    named = {say(f"kernels.{name}"): part for name, part in share.items() if part >= LEAST}
    title = say("chart.time", gpu=gpu, batch=batch)
    return share_bars(title, say("chart.time_share"), named) if named else None
