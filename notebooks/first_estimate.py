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
# # A first estimate
#
# Will ResNet-50 at batch 64 fit, how fast will it be, and what should the job ask for? The model
# file is run on a virtual GPU, so no real one is needed.

# %%
import estimator
from estimator.charts import Axis, AxisKind, Chart, Shape
from estimator.units import GIB, format_bytes

result = estimator.estimate("models/resnet50.py", gpu=["T4", "V100-32G", "A10"], batch_size=64)

# %% [markdown]
# Device memory on each GPU type: the target, and the interval that the truth is expected in.

# %%
rows = tuple(
    {
        "gpu": row.gpu.name,
        "gib": row.memory.device_memory.target / GIB,
        "low": row.memory.device_memory.lower / GIB,
        "high": row.memory.device_memory.upper / GIB,
    }
    for row in result.gpus
)
estimator.Picture(
    Chart(
        Shape.INTERVALS,
        "Device memory by GPU type",
        rows,
        Axis("gib", "device memory (GiB)"),
        Axis("gpu", "", AxisKind.NAME),
        band=("low", "high"),
    )
)

# %% [markdown]
# What the plan is, and why.

# %%
plan = result.outcome.plan
print(plan.gpu, "x", plan.gpu_count, "at batch", plan.per_device_batch_size)
print("of each GPU:", format_bytes(plan.memory.device_memory.target))
for reason in result.outcome.reasons:
    print("-", reason)

# %% [markdown]
# The job as YAML, ready for `kubectl apply -f`.

# %%
print(result.manifest.text)
