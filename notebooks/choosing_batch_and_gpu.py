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
# # Choosing batch size and GPU
#
# Without a batch size the plan compares those that ran within each GPU's memory.

# %%
import pandas as pd

import estimator
from estimator.charts import Axis, AxisKind, Chart, Shape
from estimator.values import Missing

result = estimator.estimate("models/ocr_crnn.py", gpu=["T4", "A100-80G"], max_gpus=1)
plans = [plan for plan in result.outcome.candidates if not isinstance(plan.throughput, Missing)]

# %% [markdown]
# Samples a second by batch size, with the interval of the prediction.

# %%
rows = tuple(
    {
        "batch": plan.per_device_batch_size,
        "gpu": f"{plan.gpu}, {plan.precision.label}",
        "ips": plan.throughput.target,
        "low": plan.throughput.lower,
        "high": plan.throughput.upper,
    }
    for plan in sorted(plans, key=lambda plan: (plan.gpu, plan.per_device_batch_size))
    if plan.feasible
)
estimator.Picture(
    Chart(
        Shape.LINES,
        "Throughput by batch size",
        rows,
        Axis("batch", "batch size per device"),
        Axis("ips", "samples a second"),
        Axis("gpu", "", AxisKind.NAME),
        ("low", "high"),
    )
)

# %% [markdown]
# The plans, and why each was not chosen.

# %%
pd.DataFrame(
    [(plan.gpu, plan.per_device_batch_size, plan.feasible, str(plan.reason)) for plan in plans],
    columns=["gpu", "batch", "feasible", "reason"],
).head(12)

# %%
for reason in result.outcome.reasons:
    print("-", reason)
