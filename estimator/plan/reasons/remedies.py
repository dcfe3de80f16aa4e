"""What would help when nothing fits."""

# ruff: noqa: D103 - what each function says is its documentation

from __future__ import annotations

from collections.abc import Sequence

from estimator.gpus.types import GpuType
from estimator.messages import sentence
from estimator.units import format_bytes, format_duration


def nearest_miss(why_not: str, helps: Sequence[str]) -> str:
    if not helps:
        return why_not
    return sentence(
        "{why_not}. Any of these would help: {helps}", why_not=why_not, helps=tuple(helps)
    )


def smaller_batch(batch: int) -> str:
    return sentence("a per-device batch below {batch} (--batch-size)", batch=batch)


def use_amp(dtype: str) -> str:
    return sentence("mixed precision (--amp O1 --amp-dtype {dtype})", dtype=dtype)


def drop_amp() -> str:
    return sentence("full precision (--amp off)")


def larger_gpu(gpu: GpuType) -> str:
    return sentence(
        "a larger GPU such as {gpu} ({memory})",
        gpu=gpu.name,
        memory=format_bytes(gpu.memory_bytes),
    )


def gpu_with(memory: int) -> str:
    return sentence("a GPU with at least {memory} (--gpu)", memory=format_bytes(memory))


def recompute_or_sharding() -> str:
    return sentence(
        "recompute or sharding (more data-parallel GPUs do not lower the memory of each)"
    )


def allow_gpus(count: int) -> str:
    return f"--max-gpus {count}"


def spread_over_nodes(count: int, per_node: int) -> str:
    return f"--nodes {-(-count // per_node)} --gpus {per_node}"


def later_deadline(seconds: float) -> str:
    return sentence("a deadline of {deadline}", deadline=format_duration(seconds))
