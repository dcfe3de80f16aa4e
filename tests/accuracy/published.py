"""Memory of one GPU: the estimate against what was published of runs of Paddle.

    python -m tests.accuracy.published [--record]

Logs of training say all: the configuration, the batch size, and both figures of Paddle's
allocator. They need PaddleOCR's code, from a checkout in CORPUS_DIR/PaddleOCR (3.0 or later);
without one those rows are left out, which is said. The other publications say neither which figure
they give (the allocator's or nvidia-smi's) nor whether a GB is 10^9 bytes or a GiB. Ends with 1
where a figure moved away from the published one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.accuracy import rows
from tests.corpus.install import FOLDER, PACKAGES

MIB, GIB = 1 << 20, 1 << 30
RECORDED = rows.HERE / "published.json"
_SECONDS = 600
_ALLOCATED, _RESERVED = "max_mem_allocated", "max_mem_reserved"
_DEVICE = "device memory"
_TENSORS = ("tensors",)
_ALLOCATOR = ("tensors", "allocator_idle", "convolution_workspace")


@dataclass(frozen=True, slots=True)
class Published:
    """A run, the question that asks for it, and the published bytes by what they are.

    unstated: what the publication leaves open; empty where that is nothing. needs: a folder that
    the model's code is in, if it is not ours. at_least: of a run that ended out of memory.
    """

    name: str
    arguments: tuple[str, ...]
    bytes: dict[str, int]
    source: str
    unstated: str = ""
    needs: Path | None = None
    at_least: bool = False

    def figures(self) -> Iterator[tuple[str, str, int]]:
        """Name of the row, what it is, and the published bytes."""
        for what, size in self.bytes.items():
            yield f"{self.name}: {what}", what, size


_GPT = str(rows.HERE / "gpt_single_card.py")
_GPT_FLAGS = ("--amp", "O2", "--amp-dtype", "float16", "--gpu", "V100-SXM2-32GB")
_GPT_SOURCE = "PaddlePaddle/PaddleFleetX, projects/gpt/docs/single_card.md"
_OCR = FOLDER / "PaddleOCR"


def _detector(config: str, batch_size: int, *more: str) -> tuple[str, ...]:
    file = _OCR / "configs" / "det" / config
    asked = ("--batch-size", str(batch_size), "-o", f"config={file}", *more)
    return (str(rows.HERE / "ocr_detector.py"), "--amp", "off", "--gpu", "V100-SXM2-32GB", *asked)


CASES = (
    Published(
        "PP-OCRv4_server_det, fp32, batch 8 x 640 x 640",
        _detector("PP-OCRv4/PP-OCRv4_server_det.yml", 8, "fix_nan=False"),
        {_ALLOCATED: 11_894 * MIB, _RESERVED: 13_909 * MIB},
        "PaddlePaddle/PaddleOCR#13759, log of 2024-08-27, PaddleOCR 2.8",
        needs=_OCR,
    ),
    Published(
        "PP-OCRv5_mobile_det, fp32, batch 16 x 640 x 640",
        _detector("PP-OCRv5/PP-OCRv5_mobile_det.yml", 16),
        {_ALLOCATED: 10_599 * MIB, _RESERVED: 11_326 * MIB},
        "PaddlePaddle/PaddleOCR#16562, log of 2025-09-24",
        needs=_OCR,
    ),
    Published(
        "PP-OCRv5_server_det, fp32, batch 64 x 640 x 640, A100-80GB",
        _detector("PP-OCRv5/PP-OCRv5_server_det.yml", 64),
        {_RESERVED: int((73.778259 + 6.25) * GIB)},  # held, and asked for in vain
        "PaddlePaddle/PaddleOCR#17293",
        needs=_OCR,
        at_least=True,
    ),
    Published(
        "GPT-345M, fp16 O2, batch 8 x 1024, V100-32GB",
        (_GPT, *_GPT_FLAGS, "--batch-size", "8"),
        {_DEVICE: int(30.9 * GIB)},
        _GPT_SOURCE,
        "allocator or device; Paddle 2.4, its GPT code is not ours",
    ),
    Published(
        "GPT-1.3B, fp16 O2, recompute, batch 8 x 1024, V100-32GB",
        (_GPT, *_GPT_FLAGS, "--batch-size", "8", "-o", "hidden=2048", "redo=1"),
        {_DEVICE: 26 * GIB},
        _GPT_SOURCE,
        "allocator or device, batch size; Paddle 2.4, its GPT code is not ours",
    ),
)


def answered(
    name: str, arguments: Sequence[str], seconds: float, paths: Sequence[Path] = ()
) -> dict[str, Any]:
    """The JSON document of a command, where something fits or not. Ends the program otherwise.

    paths: what it finds modules in beside its own.
    """
    done = subprocess.run(
        [sys.executable, "-m", "estimator", *arguments],
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))} if paths else None,
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"{name}: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def predicted(case: Published) -> dict[str, dict[str, int]]:
    """Target, lower and upper of what the estimate says, in bytes by what they are."""
    paths = (Path.cwd(), case.needs, PACKAGES) if case.needs else ()
    (gpu,) = answered(case.name, (*case.arguments, "--json"), _SECONDS, paths)["gpus"]
    layers = {layer["name"]: layer for layer in gpu["device_memory_layers"]}

    def together(names: Sequence[str]) -> dict[str, int]:
        ends = ("target", "lower", "upper")
        return {end: sum(layers[name][end] for name in names if name in layers) for end in ends}

    return {
        _ALLOCATED: together(_TENSORS),
        _RESERVED: together(_ALLOCATOR),
        _DEVICE: gpu["device_memory_bytes"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures of this run")
    record = parser.parse_args().record
    recorded, found, worse = rows.load(RECORDED), {}, 0
    for case in CASES:
        if case.needs is not None and not case.needs.exists():
            print(f"{case.name}: left out, there is no {case.needs}")
            continue
        estimate = predicted(case)
        for row, what, size in case.figures():
            if case.at_least:
                worse += _is_below(row, estimate[what], size)
                continue
            found[row] = round(estimate[what]["target"] / size - 1, 4)
            worse += _is_worse(row, estimate[what], size, recorded.get(row, found[row]))
        print(f"    unstated: {case.unstated or 'nothing'}; {case.source}")
    _print_medians(found)
    if record:
        rows.save(RECORDED, recorded | found)
    return int(worse > 0 and not record)


def _is_below(row: str, told: dict[str, int], size: int) -> bool:
    print(f"{row}: {told['target'] / MIB:,.0f} MiB predicted, where a run ended out of memory that")
    print(f"    held and asked for {size / MIB:,.0f}")
    return told["target"] < size


def _is_worse(row: str, told: dict[str, int], size: int, recorded: float) -> bool:
    error = told["target"] / size - 1
    worse = abs(error) > abs(recorded) + 0.001
    within = "within" if told["lower"] <= size <= told["upper"] else "outside"
    print(f"{row}: {told['target'] / MIB:,.0f} MiB predicted, {size / MIB:,.0f} published")
    print(f"    {error:+.1%}, {within} the stated interval", end="")
    print(f"  !! recorded {recorded:+.1%}" if worse else "")
    return worse


def _print_medians(errors: dict[str, float]) -> None:
    stated = {row for case in CASES if not case.unstated for row, _, _ in case.figures()}
    for title, names in (
        ("fully stated", sorted(stated & errors.keys())),
        ("not fully stated", sorted(errors.keys() - stated)),
    ):
        if names:
            median = statistics.median(abs(errors[name]) for name in names)
            print(f"median error {median:.1%} of {len(names)} figures that are {title}")


if __name__ == "__main__":
    sys.exit(main())
