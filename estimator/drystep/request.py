"""What a dry step is asked to do, and within which limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from estimator.defaults import TIME_LIMIT_SECONDS
from estimator.drystep.cluster import VirtualRank
from estimator.drystep.measurement import Precision
from estimator.drystep.strategy import Strategy
from estimator.workload.types import Workload


class DeviceChoice(StrEnum):
    """What ``--device`` asks for; ``auto`` takes the best there is."""

    AUTO = "auto"
    GPU = "gpu"
    VIRTUAL = "virtual"
    CPU = "cpu"


@dataclass(frozen=True, slots=True)
class CudaCard:
    """The GPU that a script is told it runs on. Memory in bytes as a CUDA program sees it."""

    name: str
    compute_capability: tuple[int, int]
    memory_bytes: int
    multiprocessors: int


@dataclass(frozen=True, slots=True)
class PlanSpace:
    """Ways to run a model file on several GPUs, of which a search runs what it needs to.

    gpu_counts: each above 1. precisions: the user's own first. strategies: those of any model, the
    fastest first. batch_size: of a GPU, None where any will do. capacities: bytes that Paddle's
    allocator may take from a device of each kind; without any all plans are run. gpus_per_node: the
    most on one node, within which tensor parallel stays. nodes: pairs of a number of GPUs and the
    several nodes that they are on; as many are the groups of sharding. degrees: those of tensor and
    pipeline parallel that every plan has, by the keywords of ``build_model``.
    """

    gpu_counts: tuple[int, ...]
    precisions: tuple[Precision, ...]
    strategies: tuple[Strategy, ...]
    batch_size: int | None
    capacities: tuple[int, ...]
    gpus_per_node: int = 1
    nodes: tuple[tuple[int, int], ...] = ()
    degrees: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class DryStepRequest:
    """One question to the child process.

    precisions: those to measure, the user's own first. capacities: bytes of device memory for
    which the largest per-device batch is wanted. round_batch_sizes: whether powers of two up to
    the largest of those are measured as well. plugin: the built virtual GPU, None where there
    is none, and then ``fallback_reason`` says why. environment: variables for the child alone.
    seconds: the time limit, for those who plan their work. card: the GPU that a script
    believes to run on; scratch: the folder for what it writes.
    variants: the same model in other ways, each with its batch size, that are run as well.
    as_cuda: whether Paddle's Python is told that the virtual GPU is a CUDA device, and so takes the
    ways that only a GPU can go.
    timeline: whether the steady step is followed, launch by launch.
    rank: which rank of a job on several GPUs the process is, with ``mail``, the small messages of
    its peers in hexadecimal; None: the only one.
    plans: what to search among when the model itself has been measured.
    """

    workload: Workload
    per_device_batch_size: int
    precisions: tuple[Precision, ...] = (Precision(),)
    device: DeviceChoice = DeviceChoice.AUTO
    capacities: tuple[int, ...] = ()
    round_batch_sizes: bool = False
    plugin: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    fallback_reason: str = ""
    seconds: float = TIME_LIMIT_SECONDS
    card: CudaCard | None = None
    scratch: Path | None = None
    variants: tuple[Workload, ...] = ()
    as_cuda: bool = True
    timeline: bool = False
    rank: VirtualRank | None = None
    mail: tuple[str, ...] = ()
    plans: PlanSpace | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user's code may take: seconds of wall time, bytes of host memory.

    ``host_memory_bytes`` None: what the machine has to spare, at most 32 GiB.
    """

    seconds: float = TIME_LIMIT_SECONDS
    host_memory_bytes: int | None = None
