"""How fast a step is predicted to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from estimator.values import Bounded


@dataclass(frozen=True, slots=True)
class StepTimeEstimate:
    """One optimizer step on one GPU type.

    step_seconds: seconds. throughput: samples/s of one GPU. ``share`` is the fraction of
    the target time by kernel class (``gemm``, ``convolution`` ...), adding up to one.
    """

    gpu: str
    per_device_batch_size: int
    step_seconds: Bounded[float]
    throughput: Bounded[float]
    share: Mapping[str, float]
