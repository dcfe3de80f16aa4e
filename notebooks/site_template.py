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
# # A site's own template
#
# A folder of templates goes over those that ship with the tool. This one names a queue, a limit of
# GPUs and a namespace.

# %%
from pathlib import Path
from tempfile import mkdtemp

import estimator

folder = Path(mkdtemp())
(folder / "project").mkdir()
(folder / "project" / "faces.yaml").write_text("""
description: Face recognition of the vision team.
extends: classification
metadata:
  namespace: vision
training:
  queue: vision
  command: [python, tools/train_faces.py]
policy:
  max_gpus: {at_most: 2, by: the vision team, because: the queue has two GPUs}
""")
result = estimator.estimate(
    "models/resnet50.py", gpu=["T4"], batch_size=32, template="faces", templates=[folder]
)

# %%
print(result.manifest.text)

# %% [markdown]
# Where each of the team's own values comes from.

# %%
for origin in result.manifest.origins:
    if "faces.yaml" in origin.origin:
        print(origin.path, "=", origin.value, "from", Path(origin.origin).name)
