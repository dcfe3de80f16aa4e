"""``make bench-report``: a report on a million jobs; seconds, memory, and size of the page."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from estimator.cli import main
from estimator.records.importing import ImportRequest, import_files
from estimator.records.mapping import parse_mapping
from estimator.records.store import open_store
from estimator.units import GIB

MAPPING = (
    *("job_id=id", "template=template", "user=user", "team=team", "gpu=gpu", "gpu_count=gpus"),
    *("requested_memory=asked:GiB", "peak_memory=peak:GiB", "submitted=submit:s", "status=state"),
    *("started=start:s", "finished=end:s", "gpu_utilization=busy", "requested_duration=limit"),
)
CLUSTER = """
currency: CNY
memory_price: 0.02
nodes:
  - {count: 60, gpu: A100-80G, gpus: 8, cpu: 96, memory: 1Ti}
  - {count: 100, gpu: T4, gpus: 4, cpu: 64, memory: 256Gi}
prices: {A100-80G: 12.5, T4: 2}
"""


def write_jobs(path: Path, count: int) -> None:
    """Made-up jobs of two years, 500 templates, 200 users and 12 teams, with a fixed seed."""
    draw = np.random.default_rng(0)
    submit = np.sort(draw.uniform(0, 730 * 86_400, count)) + 1_600_000_000
    seconds = np.exp(draw.normal(7.5, 1.5, count)).clip(10, 5 * 86_400)
    wait = np.where(draw.random(count) < 0.3, draw.exponential(1800, count), 1.0)
    template = draw.zipf(1.5, count) % 500
    peak = (8 + template % 40) * np.exp(draw.normal(0, 0.1, count))
    states = draw.choice(
        ["COMPLETED", "FAILED", "CANCELLED", "OOM"], count, p=[0.7, 0.2, 0.08, 0.02]
    )
    large = draw.random(count) < 0.6
    frame = pd.DataFrame(
        {
            "id": [f"job{n}" for n in range(count)],
            "template": [f"t{n}" for n in template],
            "user": [f"u{n}" for n in template % 200],
            "team": [f"team{n}" for n in template % 12],
            "gpu": np.where(large, "A100-80G", "T4"),
            "gpus": np.where(large, draw.choice([1, 2, 4, 8, 16], count), 1),
            "asked": 64,
            "peak": peak.clip(1, 64).round(2),
            "submit": submit.round(),
            "start": (submit + wait).round(),
            "end": (submit + wait + seconds).round(),
            "busy": draw.beta(3, 2, count).round(3),
            "limit": 86_400,
            "state": states,
        }
    )
    frame.to_csv(path, index=False)


def run(count: int) -> None:
    """Print what the report takes, without what making and importing the jobs takes."""
    with tempfile.TemporaryDirectory() as folder:
        jobs, store, page = (Path(folder) / name for name in ("jobs.csv", "db", "r.html"))
        (Path(folder) / "cluster.yaml").write_text(CLUSTER)
        write_jobs(jobs, count)
        with open_store(store) as opened:
            import_files(opened, ImportRequest([jobs], "table", parse_mapping(MAPPING)))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"{count} jobs imported, peak memory so far {before / GIB:.2f} GiB", flush=True)
        words = ["report", f"sqlite:///{store}", "--cluster", f"{folder}/cluster.yaml"]
        start, busy = time.monotonic(), time.process_time()
        if main([*words, "--out", str(page)]):
            sys.exit(1)
        took, cpu = time.monotonic() - start, time.process_time() - busy
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(f"report: {took:.1f} s, {cpu:.1f} s of CPU, page {page.stat().st_size / 1e6:.2f} MB")
        print(f"peak memory {peak / GIB:.2f} GiB")


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
