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
# # A capacity plan on a public trace
#
# The arrivals of Microsoft's Philly cluster (82,247 jobs; the table that the simulator of Sia
# reads) on a cluster of the same kind, described here. `PHILLY_CSV` says where the file is.

# %%
import os
from pathlib import Path
from tempfile import mkdtemp

import estimator

cluster = Path(mkdtemp()) / "cluster.yaml"
cluster.write_text("""
currency: USD
nodes:
  - {count: 250, gpu: P100, gpus: 2}
  - {count: 60, gpu: P100, gpus: 8}
prices: {P100: 1.0}
""")
report = estimator.capacity_report(
    os.environ.get("PHILLY_CSV", "philly.csv"),
    format="philly-csv",
    cluster=cluster,
    section=["demand", "packing", "whatif"],
    what_if=["P100+98", "P100-98"],
)
demand, packing, whatif = report.sections

# %% [markdown]
# Who holds the GPUs.

# %%
estimator.Picture(demand.charts[0])

# %% [markdown]
# GPUs that are free and of no use, because jobs do not fit into the places that are left.

# %%
estimator.frame(packing.tables[0])

# %% [markdown]
# A tenth more or fewer GPUs: waits with their interval, utilisation, cost.

# %%
estimator.Picture(whatif.charts[0])

# %%
estimator.frame(whatif.tables[0])

# %% [markdown]
# What the trace does not have is said, not made up.

# %%
for section in report.sections:
    for line in (*section.notes, *section.lacking):
        print(f"{section.key}: {line}")
