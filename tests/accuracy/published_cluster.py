"""Device memory of every rank, and tokens/s, against published runs of Paddle on 8 GPUs.

    python -m tests.accuracy.published_cluster [--record] [--only TEXT]

FlagPerf's LLaMA-7B and GPT3-6.7B: notebooks/models/decoder_fleet.py at the stated configuration.
Ends with 1 where a figure moved away from the published one.

Stated: model, degrees, stage, micro-batch, length, precision, recompute, flash attention, fused
norm, query, key and value as layers of their own, optimizer, clipping, the driver
(FlagOpen/FlagPerf, training/nvidia/llama1_7B-paddle and gpt3_6.7B-paddle). Assumed, the same for
all rows: "memory" is nvidia-smi's, in GiB; Paddle 3.3 takes what 2.5.1 took, but for communicators
(:func:`communicators`); rotary embedding is not fused; tensor parallel ranks keep their part of the
scores; the steady state comes with the second micro-batch, in a pipeline with the eighth, so that
is how many run; GPT has dropout 0.1.
tokens/s are those of the stated number of micro-batches: forward and backward passes, with what
they communicate, are counted as often as stated.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import estimator
from estimator.drystep.cluster import Communicator, RankSeen
from estimator.drystep.measurement import RankClass
from estimator.drystep.rank_kinds import with_micro_batches
from estimator.gpus.catalogue import load_catalogue
from estimator.memory.overhead import device_overhead
from estimator.result import EstimateResult
from estimator.throughput.cluster_step import cluster_step
from estimator.throughput.profile import profile_kernels
from estimator.throughput.step_time import estimate_step_time
from estimator.throughput.types import StepTimeEstimate
from tests.accuracy import rows

GIB = 1 << 30
RECORDED = rows.HERE / "published_cluster.json"
SCRIPT = rows.HERE.parents[1] / "notebooks" / "models" / "decoder_fleet.py"
SOURCE = "FlagOpen/FlagPerf@1b5a030398ab, training/nvidia/{model}-paddle/README.md"
CUDA = (11, 2)
"""Of Paddle 2.5.1's images that their driver, 470.129, can run."""
_LENGTH = 2048
"""Tokens of a sample."""
_GPUS = 8


@dataclass(frozen=True, slots=True)
class Case:
    """A published run on 8 GPUs: GiB of each pipeline stage, one where there is no pipeline, and
    the tokens/s of a GPU with so many micro-batches in a step.
    """

    model: str
    gpu: str
    plan: str
    arguments: str
    published: tuple[float, ...]
    micro_batches: int
    tokens: float

    @property
    def name(self) -> str:
        return f"{self.model} {self.plan} {self.gpu}"


_LARGE = "batch=4"
_SMALL = "batch=2 recompute=1 fused=0"
_PLANS = (
    ("TP1 PP1 SH2 x 8", "sharding=8 stage=2 accumulate=2"),
    ("TP2 PP1 SH1 x 4", "tp=2 sharding=4 stage=1 accumulate=2"),
    ("TP2 PP1 SH2 x 4", "tp=2 sharding=4 stage=2 accumulate=2"),
    ("TP2 PP4", "tp=2 pp=4 accumulate=8"),
)
_PUBLISHED = {
    ("llama", "A100-80G"): ((70.09,), (58.73,), (54.01,), (46.80, 38.93, 31.74, 26.92)),
    ("llama", "A100-40G"): ((33.55,), (28.4,), (25.8,), (20.41, 19.80, 19.41, 20.12)),
    ("gpt", "A100-80G"): ((66.27,), (54.65,), (49.46,), (46.77, 36.59, 30.09, 27.78)),
}
_TOKENS = {
    ("llama", "A100-80G"): ((64, 4267), (128, 3888), (128, 3650), (512, 3722)),
    ("llama", "A100-40G"): ((128, 2744), (256, 2163), (256, 2160), (1024, 2232)),
    ("gpt", "A100-80G"): ((32, 4410), (64, 4024), (64, 3811), (256, 3791)),
}


def cases() -> Iterator[Case]:
    for (model, gpu), figures in _PUBLISHED.items():
        size = _LARGE if gpu == "A100-80G" else _SMALL
        tokens = _TOKENS[model, gpu]
        for (plan, arguments), published, speed in zip(_PLANS, figures, tokens, strict=True):
            yield Case(model, gpu, plan, f"model={model} {size} {arguments}", published, *speed)


def answered(case: Case) -> EstimateResult:
    """Every kind of rank of the published run, each run alone."""
    command = f"python {SCRIPT} {case.arguments}"
    return estimator.estimate_script(command, gpus=_GPUS, gpu=[case.gpu], time_limit="30m")


def communicators(case: Case, rank: RankSeen) -> tuple[Communicator, ...]:
    """Those that Paddle 2.5.1 has on a rank, used or not.

    Until PaddlePaddle/Paddle#55005 (July 2023, after 2.5 was branched off) a new group connects at
    once; until #54664 (June 2023) Fleet makes four groups of two ranks for a pipeline's neighbours,
    one for each direction: a stage in the middle sends or receives in all, one at an end in two.
    The others are those of all ranks, of every axis, and one to check gradients over all axes but
    data.
    """
    degrees = {key: int(value) for key, value in _said(case) if value.isdigit()}
    axes = tuple(degrees.get(axis, 1) for axis in ("tp", "pp", "sharding"))
    whole = (_GPUS, *(ranks for ranks in axes if ranks > 1), _GPUS)
    used = sum(one.connections for one in rank.communicators)
    neighbours = [int(number < used) for number in range(4 if degrees.get("pp", 1) > 1 else 0)]
    return (*map(Communicator, whole), *(Communicator(2, used) for used in neighbours))


def _said(case: Case) -> Iterator[tuple[str, str]]:
    for argument in case.arguments.split():
        key, _, value = argument.partition("=")
        yield key, value


def memory(case: Case, told: EstimateResult) -> list[float]:
    """Device memory in GiB by pipeline stage: of the rank that takes the most in each."""
    gpu = load_catalogue(None).find(case.gpu)
    stages: dict[int, int] = {}
    for one in told.report.ranks:
        overhead = device_overhead(gpu, _GPUS, CUDA, communicators(case, one.seen))
        outside = overhead.context.target + overhead.communication.target
        stage = one.seen.topology.place(one.seen.rank).get("pipe", 0)
        taken = one.measurement.peak_reserved_bytes + one.measurement.page_bytes + outside
        stages[stage] = max(stages.get(stage, 0), taken)
    return [stages[stage] / GIB for stage in sorted(stages)]


def tokens(case: Case, told: EstimateResult) -> float:
    """tokens/s of a GPU at the stated number of micro-batches, without what past jobs say."""
    gpu = load_catalogue(None).find(case.gpu)

    def alone(one: RankClass) -> StepTimeEstimate:
        size = one.measurement.per_device_batch_size
        return estimate_step_time(profile_kernels(one.measurement.kernels), gpu, size)

    ranks = [with_micro_batches(one, case.micro_batches) for one in told.report.ranks]
    return cluster_step(ranks, gpu, alone).estimate.throughput.target * _LENGTH


@dataclass(frozen=True, slots=True)
class Checked:
    """A predicted figure beside the published one, and what was recorded before."""

    name: str
    unit: str
    predicted: float
    published: float
    recorded: float | None

    @property
    def error(self) -> float:
        return self.predicted / self.published - 1

    @property
    def has_moved_away(self) -> bool:
        """Whether it is further from the published figure than the recorded one."""
        old = self.predicted if self.recorded is None else self.recorded
        return abs(self.error) > abs(old / self.published - 1) + 0.001

    def __str__(self) -> str:
        figures = f"{self.predicted:9.2f} {self.unit} predicted, {self.published:9.2f} published"
        note = f"  !! recorded {self.recorded:.2f}" if self.has_moved_away else ""
        return f"{self.name:45} {figures}, {self.error:+.1%}{note}"


def checked(case: Case, recorded: dict[str, float]) -> Iterator[Checked]:
    told = answered(case)
    speed = f"{case.name} tokens/s"
    yield Checked(speed, "tok/s", tokens(case, told), case.tokens, recorded.get(speed))
    for stage, figures in enumerate(zip(memory(case, told), case.published, strict=True)):
        name = f"{case.name} stage {stage}"
        yield Checked(name, "GiB", *figures, recorded.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    options = parser.parse_args()
    recorded = rows.load(RECORDED)
    found: list[Checked] = []
    for case in cases():
        for one in checked(case, recorded) if options.only in case.name else ():
            found.append(one)
            print(one, flush=True)
    for unit, what in (("GiB", "device memory"), ("tok/s", "tokens/s")):
        errors = [abs(one.error) for one in found if one.unit == unit]
        if errors:
            median, worst = statistics.median(errors), max(errors)
            print(f"{what}: median error {median:.1%}, worst {worst:.1%} of {len(errors)}")
    print("source: " + SOURCE.format(model="{llama1_7B,gpt3_6.7B}"))
    if options.record:
        rows.save(RECORDED, recorded | {one.name: round(one.predicted, 3) for one in found})
    return int(any(one.has_moved_away for one in found) and not options.record)


if __name__ == "__main__":
    sys.exit(main())
