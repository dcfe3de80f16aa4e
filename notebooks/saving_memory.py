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
# # Mixed precision, recompute and micro-batches compared
#
# Each is run, not modelled: the same batch of ResNet-50 four ways.

# %%
import pandas as pd

import estimator
from estimator.charts import Axis, AxisKind, Chart, Shape
from estimator.units import GIB

WAYS = {
    "as it is": {},
    "AMP O1": {"amp": "O1"},
    "recompute": {"recompute": True},
    "4 micro-batches": {"accumulate": 4},
}
results = {
    way: estimator.estimate("models/resnet50.py", gpu=["A100-80G"], batch_size=64, **options)
    for way, options in WAYS.items()
}

# %%
rows = tuple(
    {"way": way, "gib": result.gpus[0].memory.device_memory.target / GIB}
    for way, result in results.items()
)
estimator.Picture(
    Chart(
        Shape.BARS,
        "Device memory at batch 64 on one A100",
        rows,
        Axis("gib", "device memory (GiB)"),
        Axis("way", "", AxisKind.NAME),
    )
)

# %% [markdown]
# What they cost in time, with the interval of the prediction.

# %%
times = {way: result.gpus[0].step_time.step_seconds for way, result in results.items()}
pd.DataFrame(
    [(way, time.target, time.lower, time.upper) for way, time in times.items()],
    columns=["way", "seconds a step", "at least", "at most"],
)
