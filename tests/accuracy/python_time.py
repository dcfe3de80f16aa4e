"""A step on the virtual GPU at its real size, against the time of the model's Python alone.

    python -m tests.accuracy.python_time [--runs N]

The Python time is that of a step on Paddle's CPU device of a model with the same layers, but few
channels, and inputs as small as it takes: computing takes next to nothing there, and the code of
the model and of Paddle all the rest. Processor time on one thread, medians of steps after two to
warm up; both in turn. Ends with 1 where a ratio or the resident memory is above its goal.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from typing import Any

from tests.drystep.virtual import on_cpu, on_virtual_gpu

GIB = 1 << 30
MOST_RATIO = 2.0
MOST_BYTES = 3 * GIB

_STEPS = """
import resource, time

def measure(model, loss, batch):
    optimizer = paddle.optimizer.Momentum(parameters=model.parameters())
    seconds = []
    for _ in range(12):
        inputs = batch()
        began = time.process_time()
        loss(model(*inputs)).backward()
        optimizer.step()
        optimizer.clear_grad()
        seconds.append(time.process_time() - began)
    result["seconds"] = sorted(seconds[2:])[5]
    result["resident"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

large = sys.argv[-1] == "large"
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A model, and code that measures it at its real size or, for the Python time, the smallest."""

    name: str
    code: str


CASES = (
    Case(
        "ResNet-50, batch 32",
        """
model = paddle.vision.models.resnet50(width=64 if large else 1)
shape = [32, 3, 224, 224] if large else [1, 3, 32, 32]
measure(model, paddle.mean, lambda: [paddle.zeros(shape)])
""",
    ),
    Case(
        "encoder of 12 layers, batch 16 x 512",
        """
width = 768 if large else 12
layer = paddle.nn.TransformerEncoderLayer(width, 12, 4 * width)
model = paddle.nn.TransformerEncoder(layer, 12)
shape = [16, 512, width] if large else [1, 1, width]
measure(model, paddle.mean, lambda: [paddle.zeros(shape)])
""",
    ),
    Case(
        "MobileNetV3, batch 128",
        """
model = paddle.vision.models.mobilenet_v3_large(scale=1.0 if large else 0.1)
shape = [128, 3, 224, 224] if large else [1, 3, 32, 32]
measure(model, paddle.mean, lambda: [paddle.zeros(shape)])
""",
    ),
)


def measured(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """``seconds`` of a step and ``resident`` bytes: on the virtual GPU, and of the Python time."""
    one_thread = {"OMP_NUM_THREADS": "1"}
    code = _STEPS + case.code
    return on_virtual_gpu(code, "large", environment=one_thread), on_cpu(code, "small")


def compare(case: Case, runs: int) -> bool:
    """Print one row; True where the goals are met."""
    pairs = [measured(case) for _ in range(runs)]
    ratio = statistics.median(ours["seconds"] / theirs["seconds"] for ours, theirs in pairs)
    ours, theirs = (statistics.median(pair[i]["seconds"] for pair in pairs) for i in (0, 1))
    resident = max(pair[0]["resident"] for pair in pairs)
    good = ratio <= MOST_RATIO and resident <= MOST_BYTES
    print(
        f"{case.name:38} {ours * 1000:6.1f} ms / {theirs * 1000:6.1f} ms = {ratio:5.2f} x "
        f"(goal {MOST_RATIO:g}), resident {resident / GIB:.2f} GiB "
        f"(goal {MOST_BYTES / GIB:g}){'' if good else '  MISSED'}"
    )
    return good


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    met = [compare(case, runs) for case in CASES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
