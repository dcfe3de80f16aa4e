"""Step time and throughput of one GPU, with an interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from estimator.drystep.measurement import KernelUse
from estimator.errors import InternalError
from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.throughput.coefficients import Coefficients, Spread, load_coefficients
from estimator.throughput.kernel_class import KernelClass
from estimator.throughput.profile import KernelProfile, profile_kernels
from estimator.throughput.roofline import device_seconds
from estimator.throughput.types import StepTimeEstimate
from estimator.values import Bounded, Source


def estimate_step_time(
    kernels: KernelProfile | Iterable[KernelUse],
    gpu: GpuType,
    per_device_batch_size: int,
    coefficients: Coefficients | None = None,
) -> StepTimeEstimate:
    """Predict one training step from its kernel record, without waiting for data.

    kernels: the record of one step at ``per_device_batch_size``, or its profile where several
    GPU types are asked about. The precision is that of the record: its dtypes. Raises
    InternalError for an empty record or a batch size below one.
    """
    profile = kernels if isinstance(kernels, KernelProfile) else profile_kernels(kernels)
    if not profile.groups or per_device_batch_size < 1:
        raise InternalError("a step time needs a kernel record and a batch size of at least 1")
    numbers = coefficients or load_coefficients()
    by_class = device_seconds(profile, gpu, numbers)
    step = _bounded_step(profile, gpu, by_class, numbers)
    return StepTimeEstimate(
        gpu=gpu.name,
        per_device_batch_size=per_device_batch_size,
        step_seconds=step,
        throughput=_throughput(step, per_device_batch_size),
        share=_share(by_class),
    )


def _bounded_step(
    profile: KernelProfile,
    gpu: GpuType,
    by_class: Mapping[KernelClass, float],
    numbers: Coefficients,
) -> Bounded[float]:
    """The slower of device and host: eager Paddle launches kernels ahead of the device."""
    device, host = sum(by_class.values()), numbers.host_seconds
    spread = step_spread(gpu, by_class, numbers)
    target = max(device, profile.dispatches * host.target)
    return Bounded(
        target=target,
        lower=max(device * math.exp(-spread.faster), profile.dispatches * host.lower),
        upper=max(device * math.exp(spread.slower), profile.dispatches * host.upper),
        source=Source.VIRTUAL,
        reason=_reason(profile, gpu, target > device, numbers),
    )


def step_spread(
    gpu: GpuType, by_class: Mapping[KernelClass, float], numbers: Coefficients
) -> Spread:
    """How far the device time may be from its prediction.

    The errors of the fit, of an unknown chip, and of time spent in kernel classes that no
    published row exercises are independent, so their squares add.
    """
    interval = numbers.interval
    seen = numbers.chip_of(gpu) in interval.seen_chips
    fit, unmeasured = (interval.seen, 0.0) if seen else (interval.unseen, interval.unmeasured)
    outside = sum(t for kind, t in by_class.items() if kind not in interval.covered_classes)
    uncovered = interval.uncovered * outside / sum(by_class.values())
    return Spread(
        faster=math.hypot(fit.faster, unmeasured, uncovered),
        slower=math.hypot(fit.slower, unmeasured, uncovered),
    )


def _reason(profile: KernelProfile, gpu: GpuType, host_bound: bool, numbers: Coefficients) -> str:
    chip = numbers.chip_of(gpu)
    seen = chip in numbers.interval.seen_chips
    if seen:
        fit = sentence("fitted on published runs on {chip}", chip=chip)
    else:
        fit = sentence("no published run on {chip}", chip=chip)
    bound = sentence("the host that launches them") if host_bound else sentence("the GPU")
    return sentence(
        "predicted from {launches} kernel launches, bound by {bound}; {fit}; loading of data is "
        "not counted",
        launches=profile.dispatches,
        bound=bound,
        fit=fit,
    )


def _throughput(step: Bounded[float], batch_size: int) -> Bounded[float]:
    return Bounded(
        target=batch_size / step.target,
        lower=batch_size / step.upper,
        upper=batch_size / step.lower,
        source=step.source,
        reason=step.reason,
    )


def _share(by_class: Mapping[KernelClass, float]) -> Mapping[str, float]:
    total = sum(by_class.values())
    ordered = sorted(by_class.items(), key=lambda item: -item[1])
    return {kind.value: seconds / total for kind, seconds in ordered}
