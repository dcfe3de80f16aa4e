"""Device memory of every rank against published runs of Paddle on 8 GPUs.

    python -m tests.accuracy.published_cluster [--record] [--only TEXT]

FlagPerf's LLaMA-7B and GPT3-6.7B: notebooks/models/decoder_fleet.py at the stated configuration.
Ends with 1 where a figure moved away from the published one.

Stated: model, degrees, stage, micro-batch, length, precision, recompute, flash attention, fused
norm, query, key and value as layers of their own, optimizer, clipping, the driver
(FlagOpen/FlagPerf, training/nvidia/llama1_7B-paddle and gpt3_6.7B-paddle). Assumed, the same for
all rows: "memory" is nvidia-smi's, in GiB; Paddle 3.3 takes what 2.5.1 took; rotary embedding is
not fused; tensor parallel ranks keep their part of the scores; the steady state comes with the
second micro-batch, in a pipeline with the eighth, so that is how many run; GPT has dropout 0.1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from estimator.gpus.catalogue import load_catalogue
from estimator.memory.overhead import device_overhead
from tests.accuracy import rows
from tests.accuracy.published import answered

GIB = 1 << 30
RECORDED = rows.HERE / "published_cluster.json"
SCRIPT = rows.HERE.parents[1] / "notebooks" / "models" / "decoder_fleet.py"
SOURCE = "FlagOpen/FlagPerf@1b5a030398ab, training/nvidia/{model}-paddle/README.md"
CUDA = (11, 2)
"""Of Paddle 2.5.1's images that their driver, 470.129, can run."""
_SECONDS = 1800


@dataclass(frozen=True, slots=True)
class Case:
    """A published run on 8 GPUs: GiB of each pipeline stage, one where there is no pipeline."""

    model: str
    gpu: str
    plan: str
    arguments: str
    published: tuple[float, ...]

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


def cases() -> Iterator[Case]:
    for (model, gpu), figures in _PUBLISHED.items():
        size = _LARGE if gpu == "A100-80G" else _SMALL
        for (plan, arguments), published in zip(_PLANS, figures, strict=True):
            yield Case(model, gpu, plan, f"model={model} {size} {arguments}", published)


def predicted(case: Case) -> list[float]:
    """Device memory in GiB by pipeline stage: of the rank that takes the most in each."""
    options = ("run", "--gpus", "8", "--gpu", case.gpu, "--json")
    script = ("--", "python", str(SCRIPT), *case.arguments.split())
    told = answered(case.name, (*options, *script), _SECONDS)
    (gpu,) = told["gpus"]
    context = device_overhead(load_catalogue(None).find(case.gpu), 8, CUDA).context.target
    outside = context + gpu["communication_bytes"]["target"]
    stages: dict[int, int] = {}
    for rank in told["measurement"]["ranks"]:
        stage = rank["places"]["pipe"]
        stages[stage] = max(stages.get(stage, 0), rank["peak_reserved_bytes"] + outside)
    return [stages[stage] / GIB for stage in sorted(stages)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    options = parser.parse_args()
    recorded = rows.load(RECORDED)
    found, errors, worse = dict(recorded), [], 0
    for case in cases():
        if options.only not in case.name:
            continue
        for stage, (gib, published) in enumerate(zip(predicted(case), case.published, strict=True)):
            name = f"{case.name} stage {stage}"
            error = gib / published - 1
            errors.append(abs(error))
            old = recorded.get(name, gib)
            moved = abs(error) > abs(old / published - 1) + 0.001
            worse += moved
            found[name] = round(gib, 3)
            note = f"  !! recorded {old:.2f}" if moved else ""
            figures = f"{gib:6.2f} GiB predicted, {published:6.2f} published, {error:+.1%}"
            print(f"{name:42} {figures}{note}")
        sys.stdout.flush()
    if errors:
        median, worst = statistics.median(errors), max(errors)
        print(f"median error {median:.1%}, worst {worst:.1%} of {len(errors)}")
        print("source: " + SOURCE.format(model="{llama1_7B,gpt3_6.7B}"))
    if options.record:
        rows.save(RECORDED, found)
    return int(worse > 0 and not options.record)


if __name__ == "__main__":
    sys.exit(main())
