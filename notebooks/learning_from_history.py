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
# # Teaching it from history
#
# Past jobs of three templates: one asks for too much memory, one for too little, one for about
# what it takes. Here they are made up; yours come from Slurm, Kubernetes or training logs.

# %%
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

import estimator

draw, folder = np.random.default_rng(0), Path(mkdtemp())
kinds = {"ocr": (64, 12), "detection": (16, 15), "speech": (32, 28)}
jobs = pd.DataFrame(
    [
        (name, "vision", asked, peak, "OOM" if peak >= asked else "COMPLETED", day)
        for name, (asked, usual) in kinds.items()
        for day in range(40)
        for peak in [min(asked, usual * float(np.exp(draw.normal(0, 0.08))))]
    ],
    columns=["template", "team", "asked", "peak", "state", "day"],
)
jobs["start"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(jobs["day"], unit="D")
jobs["end"] = jobs["start"] + pd.Timedelta(hours=3)
jobs.to_csv(folder / "jobs.csv", index=False)

# %%
pairs = ["template=template", "team=team", "requested_memory=asked:GiB", "peak_memory=peak:GiB"]
pairs += ["status=state", "submitted=start", "started=start", "finished=end"]
report = estimator.capacity_report(
    folder / "jobs.csv", map=pairs, set=["gpu_count=1"], section=["usage", "waste", "risk"]
)
usage, waste, risk = report.sections
estimator.Picture(usage.charts[0])

# %% [markdown]
# What each template should ask for instead.

# %%
changes = estimator.frame(next(table for table in waste.tables if table.key == "changes"))
changes[["template", "before", "after", "jobs", "gib_hours", "risk", "confidence"]]

# %% [markdown]
# As an edit of the template.

# %%
print(changes["diff"][0])
