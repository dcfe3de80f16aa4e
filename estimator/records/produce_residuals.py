"""Hold the tool's own step times against published ones.

    python -m estimator.records.produce_residuals tests/throughput/data history

The first folder holds the published runs and the kernel records of their workloads, the second
gets ``published_residuals.csv``. Run it again after the step-time coefficients change.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from estimator.errors import InternalError
from estimator.records.samples import RESIDUALS_FILE, write_samples
from estimator.records.types import JobFacts, ResidualSample, Target
from estimator.throughput.published import PublishedRun, read_published
from estimator.throughput.step_time import estimate_step_time

_PRECISIONS = {"fp32": "fp32", "O1": "amp-O1-float16", "O2": "amp-O2-float16"}
_WHERE_NOT_NAMED = "amp-O2-float16"
"""The decoders of 7 billion parameters run in float16 throughout."""
_BATCH_NOT_NAMED = {"transformer_big": 148}
"""Pairs of sentences that the kernel record of the published token count was made with."""


def main(arguments: Sequence[str]) -> int:
    """Predict every usable published run and write the file."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    samples = tuple(published_residuals(Path(arguments[0])))
    path = Path(arguments[1]) / RESIDUALS_FILE
    write_samples(path, samples, f"paddle-estimate {version('paddle-estimate')} step time")
    print(f"{path}: {len(samples)} samples")
    return 0


def published_residuals(folder: Path) -> Iterator[ResidualSample]:
    """One sample for each Paddle run on one GPU that has a kernel record.

    Left out: runs of PyTorch, and rates per GPU of jobs on eight, which hold communication.
    """
    rows = yaml.safe_load((folder / "published.yaml").read_text("utf-8"))["single_gpu"]
    for row, run in zip(rows, read_published(folder).single, strict=True):
        if run.use != "torch" and "8 GPUs" not in row.get("note", ""):
            yield _sample(row, run)


def _sample(row: dict[str, Any], run: PublishedRun) -> ResidualSample:
    batch = _batch_size(row["record"])
    return ResidualSample(
        facts=JobFacts(run.model, run.gpu.name, _precision(row["record"]), batch),
        target=Target.STEP_TIME,
        prior=estimate_step_time(run.profile, run.gpu, batch).step_seconds,
        actual=run.step_seconds,
        source=run.source,
        seen_by_prior=run.use == "fit",
    )


def _batch_size(record: str) -> int:
    match = re.search(r"_b(\d+)(?:_|$)", record)
    if match:
        return int(match[1])
    for prefix, batch in _BATCH_NOT_NAMED.items():
        if record.startswith(prefix):
            return batch
    raise InternalError(f"the kernel record {record} does not name its batch size")


def _precision(record: str) -> str:
    named = (label for word, label in _PRECISIONS.items() if word in record.split("_"))
    return next(named, _WHERE_NOT_NAMED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
