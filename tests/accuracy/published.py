"""Device memory: the estimate against what was published for runs of Paddle on one GPU.

    python -m tests.accuracy.published [--record]

No publication of a run on one GPU says all: which figure it gives (the allocator's or nvidia-smi's)
and whether its GB is 10^9 bytes or a GiB are stated per row as they are, and the configuration as
far as it is known. Ends with 1 where a figure moved away from the published one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.accuracy import rows

GIB = 1 << 30
RECORDED = rows.HERE / "published.json"
_GPT = str(rows.HERE / "gpt_single_card.py")
_SOURCE = "PaddlePaddle/PaddleFleetX, projects/gpt/docs/single_card.md"
_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure in GiB (as read), what it means, and the question that asks for it."""

    name: str
    arguments: tuple[str, ...]
    gib: float
    means: str
    unstated: str
    source: str


CASES = (
    Published(
        "GPT-345M, fp16 O2, batch 8 x 1024, V100-32GB",
        (_GPT, "--batch-size", "8"),
        30.9,
        "peak GPU memory, 'GB'",
        "allocator or device; Paddle 2.4, its GPT code is not ours",
        _SOURCE,
    ),
    Published(
        "GPT-1.3B, fp16 O2, recompute, batch 8 x 1024, V100-32GB",
        (_GPT, "--batch-size", "8", "-o", "hidden=2048", "redo=1"),
        26.0,
        "peak GPU memory, 'GB'",
        "allocator or device, batch size; Paddle 2.4, its GPT code is not ours",
        _SOURCE,
    ),
)


def answered(name: str, arguments: Sequence[str], seconds: float) -> dict[str, Any]:
    """The JSON document of a command, where something fits or not. Ends the program otherwise."""
    done = subprocess.run(
        [sys.executable, "-m", "estimator", *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"{name}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def predicted(case: Published) -> float:
    """Device memory of the estimate in GiB."""
    flags = ("--amp", "O2", "--amp-dtype", "float16", "--gpu", "V100-SXM2-32GB", "--json")
    (gpu,) = answered(case.name, (*case.arguments, *flags), _SECONDS)["gpus"]
    return float(gpu["device_memory_bytes"]["target"]) / GIB


def error(case: Published, gib: float) -> float:
    """As a share of the published figure."""
    return gib / case.gib - 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    record = parser.parse_args().record
    recorded, found, worse = rows.load(RECORDED), {}, 0
    for case in CASES:
        gib = found[case.name] = round(predicted(case), 3)
        old = recorded.get(case.name, gib)
        moved = abs(error(case, gib)) > abs(error(case, old)) + 0.001
        worse += moved
        print(f"{case.name}: {gib:.2f} GiB predicted, {case.gib:.2f} published")
        print(f"    {error(case, gib):+.1%}{f'  !! recorded {old:.2f}' if moved else ''}")
        print(f"    it is: {case.means}; unstated: {case.unstated}; {case.source}")
    median = statistics.median(abs(error(case, found[case.name])) for case in CASES)
    print(f"median error {median:.1%} of {len(CASES)} rows, none of them fully stated")
    if record:
        rows.save(RECORDED, found)
    return int(worse > 0 and not record)


if __name__ == "__main__":
    sys.exit(main())
