# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A LLaMA on a virtual cluster
#
# `models/decoder_fleet.py` is an ordinary training script of Fleet. It runs here as on 8 GPUs, rank
# by rank, each on a virtual GPU: no GPU and no cluster is needed. The LLaMA is a small one, so that
# this takes a minute; without `layers`, `hidden`, `heads` and `words` it is the one of 7 billion
# parameters.

# %%
import pandas as pd

import estimator
from estimator.charts import Axis, AxisKind, Chart, Shape
from estimator.units import GIB, format_bytes

SMALL = "model=llama batch=1 layers=4 hidden=1024 heads=8 words=16000"
WAYS = {
    "sharding 8, stage 2": "sharding=8 stage=2",
    "sharding 8, stage 3": "sharding=8 stage=3",
    "tensor parallel 8": "tp=8",
    "pipeline 4 x tensor 2": "pp=4 tp=2 accumulate=8",
}
results = {
    way: estimator.estimate_script(
        f"python models/decoder_fleet.py {SMALL} {degrees}", gpus=8, gpu=["A100-80G"]
    )
    for way, degrees in WAYS.items()
}

# %% [markdown]
# What fills the memory of the rank that takes the most, at its peak.

# %%
KINDS = ("parameters", "gradients", "optimizer_state", "activations", "temporary")
rows = tuple(
    {
        "way": way,
        "kind": kind,
        "gib": getattr(result.report.ranks[0].measurement.breakdown, kind) / GIB,
    }
    for way, result in results.items()
    for kind in KINDS
)
estimator.Picture(
    Chart(
        Shape.STACK,
        "Allocated memory of the largest rank at its peak",
        rows,
        Axis("gib", "allocated (GiB)"),
        Axis("way", "", AxisKind.NAME),
        Axis("kind", "", AxisKind.NAME),
    )
)

# %% [markdown]
# What it means for the job: device memory as `nvidia-smi` would show it, and the step, each with
# its interval. A step has more samples in one way than in another, so samples are compared.


# %%
def told(way, result):
    row, largest = result.gpus[0], result.report.ranks[0]
    memory, time = row.memory.device_memory, row.step_time.step_seconds
    samples = largest.seen.samples * largest.seen.topology.copies
    return (
        *(way, format_bytes(memory.target), format_bytes(memory.upper)),
        *(samples, samples / time.target, samples / time.upper, samples / time.lower),
    )


pd.DataFrame(
    [told(way, result) for way, result in results.items()],
    columns=[
        "way",
        "device memory",
        "at most",
        "samples a step",
        "samples/s",
        "at least",
        "at most",
    ],
).round(1)

# %% [markdown]
# Ranks of a pipeline are not alike: the first stage looks words up and keeps the most micro-batches
# at a time, the last one computes the loss.

# %%
stages = sorted(results["pipeline 4 x tensor 2"].report.ranks, key=lambda one: one.seen.rank)
rows = tuple(
    {
        "ranks": f"{one.name}, alike: {len(one.ranks)}",
        "gib": one.measurement.peak_reserved_bytes / GIB,
    }
    for one in stages
)
estimator.Picture(
    Chart(
        Shape.BARS,
        "Reserved memory by kind of rank",
        rows,
        Axis("gib", "peak reserved (GiB)"),
        Axis("ranks", "", AxisKind.NAME),
    )
)

# %% [markdown]
# What was taken for granted is said with every answer.

# %%
for line in results["pipeline 4 x tensor 2"].report.assumptions:
    print("-", line)
