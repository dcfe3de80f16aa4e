"""Every sentence the planner says, built from numbers; nothing else in this room writes text."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from estimator.drystep.measurement import Precision
from estimator.gpus.types import GpuType
from estimator.memory.types import MemoryEstimate
from estimator.plan.types import CandidatePlan, Objective, Question
from estimator.units import format_bytes, format_duration
from estimator.values import Bounded, Missing

# ---- where a figure of a plan comes from ------------------------------------------------------


def one_gpu_scales() -> str:
    return "one GPU communicates with no other"


def throughput(count: int) -> str:
    return "predicted for one GPU" if count == 1 else f"{count} x one GPU x scaling efficiency"


def step_time(count: int) -> str:
    return "predicted for one GPU" if count == 1 else "step time of one GPU / scaling efficiency"


def duration(epochs: int, dataset_size: int) -> str:
    return f"{epochs} epochs x {dataset_size} samples / throughput"


def duration_unknown(question: Question) -> str:
    given = (("--dataset-size", question.dataset_size), ("--epochs", question.epochs))
    return " and ".join(name for name, value in given if value is None) + " not given"


def gpu_hours(count: int) -> str:
    return f"duration x {_gpus(count)}"


def cost(price: float) -> str:
    return f"GPU-hours x {price:g} an hour"


def data_parallel_memory(alone: str, buckets: int, nccl: int) -> str:
    added = f"gradient buckets {format_bytes(buckets)}, communication {format_bytes(nccl)}"
    return f"{alone}; data parallel adds {added}"


# ---- why a plan may not be chosen -------------------------------------------------------------


def fits_all_limits() -> str:
    return "within all limits"


def unsupported_precision(gpu: GpuType, precision: Precision, needed: tuple[int, int]) -> str:
    have, need = ("{}.{}".format(*one) for one in (gpu.compute_capability, needed))
    return (
        f"{gpu.name} has compute capability {have}; Paddle runs {precision.dtype} AMP "
        f"from {need} on and would fall back to float32"
    )


def too_large(memory: MemoryEstimate) -> str:
    need, have = memory.device_memory.upper, memory.capacity_bytes
    return (
        f"does not fit: needs up to {format_bytes(need)}, has {format_bytes(have)}, "
        f"short by {format_bytes(need - have)}"
    )


def too_many_gpus(count: int, allowed: int) -> str:
    return f"needs {_gpus(count)}, {allowed} allowed (--max-gpus)"


def too_late(taken: Bounded[float], deadline: float) -> str:
    return (
        f"takes up to {format_duration(taken.upper)}, "
        f"{format_duration(taken.upper - deadline)} beyond the deadline of "
        f"{format_duration(deadline)}"
    )


# ---- how a plan compares with the chosen one --------------------------------------------------


def more_gpus(count: int, chosen: int) -> str:
    return f"needs {_gpus(count)} where {chosen} would do"


def not_compared(missing: Missing) -> str:
    return f"not compared, it has no step time: {missing.reason}"


def other_batch_without_times(preferred: int) -> str:
    return f"batch {preferred} is preferred: without step times nothing speaks for another"


def other_precision_without_times(precision: Precision) -> str:
    return f"the same request; without step times nothing speaks for {precision.label}"


def more_of(measure: str, ratio: float) -> str:
    return f"{_times(ratio)} the {measure} of the chosen plan"


def no_better(measure: str, ratio: float) -> str:
    return f"about the same {measure} ({_times(ratio)}), but a larger request"


def slower_batch(share: float, preferred: int) -> str:
    return f"{share:.0%} of the throughput of batch {preferred} on the same GPUs"


def larger_batch(share: float, preferred: int, extra: int) -> str:
    return (
        f"{share:.0%} of the throughput of batch {preferred} on the same GPUs, "
        f"for {format_bytes(extra)} more device memory"
    )


# ---- why the chosen plan ----------------------------------------------------------------------


def chosen(plan: CandidatePlan) -> str:
    return (
        f"{plan.gpu_count} x {plan.gpu}, batch {plan.per_device_batch_size} per device, "
        f"{plan.global_batch_size} in all, {plan.precision.label}"
    )


def memory_fits(memory: MemoryEstimate) -> str:
    used = memory.device_memory
    return (
        f"device memory {format_bytes(used.target)} ({format_bytes(used.lower)} to "
        f"{format_bytes(used.upper)}) of {format_bytes(memory.capacity_bytes)}"
    )


def no_step_time(missing: Missing) -> str:
    return f"no step time: {missing.reason}"


def speed(rate: Bounded[float], step: Bounded[float]) -> str:
    return (
        f"{_rate(rate.target)} samples/s ({_rate(rate.lower)} to {_rate(rate.upper)}), "
        f"{format_duration(step.target)} a step"
    )


def effort(plan: CandidatePlan) -> str:
    """Duration, GPU-hours and money, as far as they are known."""
    if isinstance(plan.duration_seconds, Missing) or isinstance(plan.gpu_hours, Missing):
        return f"plans are compared per sample: {plan.duration_seconds.reason}"
    took = plan.duration_seconds
    said = (
        f"{format_duration(took.target)} ({format_duration(took.lower)} to "
        f"{format_duration(took.upper)}), {plan.gpu_hours.target:.3g} GPU-hours"
    )
    return said if isinstance(plan.cost, Missing) else f"{said}, cost {plan.cost.target:.4g}"


def rule(objective: Objective | None, last_measure: str, plans: int) -> str:
    """What the choice was made by. ``plans`` is how many were feasible."""
    if objective is None:
        return (
            f"least {last_measure} of {plans} feasible plans; "
            "say --minimize gpu-hours, time or gpus to rank otherwise"
        )
    if objective is Objective.GPUS:
        return f"fewest GPUs of {plans} feasible plans, then least {last_measure}"
    return f"least {last_measure} of {plans} feasible plans, as asked"


def rule_without_times(plans: int) -> str:
    return (
        f"without step times: fewest GPUs of {plans} feasible plans, then least GPU memory; "
        "what more or faster GPUs would gain is not known"
    )


def objective_not_judged(objective: Objective, missing: Missing) -> str:
    return f"--minimize {objective} could not be judged: {missing.reason}"


def plans_not_compared(plans: int, missing: Missing) -> str:
    return f"{plans} other feasible plans have no step time, so not compared: {missing.reason}"


def memory_hours_stand_for_money() -> str:
    return "no prices are set, so a GPU counts by its memory and for as long as it is held"


def gpu_hours_favour_large() -> str:
    return "GPU-hours count every GPU type alike, so fast and large ones win"


def alternative(other: CandidatePlan, ratios: Sequence[tuple[str, float]]) -> str:
    compared = ", ".join(f"{_times(ratio)} the {measure}" for measure, ratio in ratios)
    return f"without --minimize it would be {_named(other)}: {compared}"


def runner_up(other: CandidatePlan, why_not: str) -> str:
    return f"next best: {_named(other)}: {why_not}"


def pinned_batch(batch: int) -> str:
    return f"batch {batch} per device was asked for"


def chosen_batch(batch: int, share: float, run: Sequence[int]) -> str:
    tried = ", ".join(str(size) for size in run)
    return (
        f"batch {batch} is the smallest fast enough, multiples of 8 first: {share:.0%} of the "
        f"best throughput among the sizes run that fit ({tried})"
    )


def batch_without_times(batch: int, asked: int) -> str:
    if batch == asked:
        return f"batch {batch} per device is kept: without step times nothing speaks for another"
    return f"batch {batch} per device is the largest that ran and fits; {asked} does not"


def learning_rate(global_batch: int, own_batch: int, optimizer: str) -> str:
    """Linear rule: Goyal et al. 2017 (SGD); square-root rule: Malladi et al. 2022 (Adam)."""
    ratio = global_batch / own_batch
    said = f"the global batch is {global_batch}, yours was {own_batch}: "
    if "adam" in optimizer.lower():
        return f"{said}scale the learning rate by about {sqrt(ratio):.2g} (square-root rule)"
    return f"{said}scale the learning rate by about {ratio:.2g} (linear rule) and warm up"


def other_precision(plan: CandidatePlan, own: Precision) -> str:
    return f"{plan.precision.label} instead of your {own.label}: check that training converges"


def would_take(plan: CandidatePlan) -> str:
    """What a precision that the user did not ask for gives on the chosen GPUs."""
    memory = format_bytes(plan.memory.device_memory.target)
    flags = f"--amp {plan.precision.amp_level} --amp-dtype {plan.precision.dtype}"
    if isinstance(plan.throughput, Missing):
        speed_words = "an unknown rate"
    else:
        speed_words = f"{_rate(plan.throughput.target)} samples/s"
    return (
        f"{plan.precision.label} at batch {plan.per_device_batch_size} would take {memory} and "
        f"give {speed_words} on the same GPUs ({flags}, if the script trains so)"
    )


def deadline_met(taken: Bounded[float], deadline: float) -> str:
    left = format_duration(deadline - taken.upper)
    return f"the deadline of {format_duration(deadline)} is met with {left} left at the upper bound"


def deadline_unchecked(missing: Missing) -> str:
    return f"the deadline was not checked: {missing.reason}"


# ---- what would help when nothing fits --------------------------------------------------------


def nearest_miss(why_not: str, helps: Sequence[str]) -> str:
    return f"{why_not}. What would help: {', or '.join(helps)}" if helps else why_not


def smaller_batch(batch: int) -> str:
    return f"a per-device batch below {batch} (--batch-size)"


def use_amp(dtype: str) -> str:
    return f"mixed precision (--amp O1 --amp-dtype {dtype})"


def drop_amp() -> str:
    return "full precision (--amp off)"


def larger_gpu(gpu: GpuType) -> str:
    return f"a larger GPU such as {gpu.name} ({format_bytes(gpu.memory_bytes)})"


def gpu_with(memory: int) -> str:
    return f"a GPU with at least {format_bytes(memory)} (--gpu)"


def recompute_or_sharding() -> str:
    return "recompute or sharding; more data-parallel GPUs do not lower the memory of each"


def allow_gpus(count: int) -> str:
    return f"--max-gpus {count}"


def later_deadline(seconds: float) -> str:
    return f"a deadline of {format_duration(seconds)}"


# ---- the request beside the GPUs --------------------------------------------------------------


def cpu(gpus: int, workers: int, rate: float, seconds_per_sample: float) -> str:
    return (
        f"{gpus} x (1 for training + {workers} DataLoader workers): {_rate(rate)} samples/s per "
        f"GPU at an assumed {format_duration(seconds_per_sample)} of CPU each"
    )


def cpu_minimum(gpus: int, workers: int, missing: Missing) -> str:
    return (
        f"{gpus} x (1 for training + {workers} DataLoader workers, an assumed minimum): without "
        f"a step time nobody knows how many would keep up: {missing.reason}"
    )


def cpu_capped(gpus: int, workers: int, wanted: int) -> str:
    return (
        f"{gpus} x (1 for training + {workers} DataLoader workers); {wanted} workers would feed "
        "the GPU, more than the CPU cores of a usual node: data loading may hold training back"
    )


def shared_memory(gpus: int, batches: int, batch_bytes: int, headroom: float) -> str:
    return (
        f"{gpus} x {batches} batches in flight x {format_bytes(batch_bytes)}, "
        f"{headroom:.0%} headroom (a container's default is 64 MiB)"
    )


def host_memory(parts: Sequence[tuple[str, int]], headroom: float) -> str:
    listed = ", ".join(f"{name}: {format_bytes(size)}" for name, size in parts)
    return f"{listed}; {headroom:.0%} headroom on all but /dev/shm, rounded up"


def host_part_processes(gpus: int, each: int) -> str:
    return f"{_processes(gpus)} of {format_bytes(each)} each"


def host_part_model() -> str:
    return "weights while loading or saving"


def host_part_workers(workers: int) -> str:
    return f"{workers} DataLoader workers"


def host_part_shared_memory() -> str:
    return "/dev/shm"


# ---- wording ----------------------------------------------------------------------------------


def _gpus(count: int) -> str:
    return "1 GPU" if count == 1 else f"{count} GPUs"


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _named(plan: CandidatePlan) -> str:
    batch = plan.per_device_batch_size
    return f"{plan.gpu_count} x {plan.gpu}, batch {batch}, {plan.precision.label}"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x"


def _rate(samples: float) -> str:
    return f"{samples:,.0f}" if samples >= 10 else f"{samples:.2g}"
