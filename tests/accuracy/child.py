"""One model on one device, in a process of its own: prints one line of JSON.

python -m tests.accuracy.child NAME cpu|LIBRARY_OF_THE_VIRTUAL_GPU
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import paddle

from estimator.drystep.child.cpu import measure_on_cpu
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.virtual import BOUNDLESS, VirtualGpu
from estimator.drystep.cpu_scaling import measured_peak
from estimator.drystep.measurement import Precision
from tests.accuracy.models import CASES, Case


def reference(case: Case) -> dict[str, object]:
    """The second step on Paddle's CPU device: with scratch as counted, and without."""
    step = measure_on_cpu(case.build, (case.batch_size,)).steps[0]
    peak = measured_peak(step)
    return {
        "paddle_version": paddle.__version__,
        "allocator_bytes": step.allocator_peak_bytes,
        "peak_bytes": peak.bytes,
        "breakdown_bytes": asdict(peak.breakdown),
        "largest_scratch_bytes": dict(list(step.scratch_bytes.items())[:3]),
    }


def predicted(case: Case, library: Path) -> dict[str, object]:
    """The second step as the tool itself measures it on the virtual GPU."""
    gpu = VirtualGpu(library)
    gpu.set_capacity(BOUNDLESS)
    question = StepQuestion(case.build(), Precision(), case.batch_size)
    measurement = measure_step(gpu, question)
    return {
        "peak_bytes": measurement.peak_allocated_bytes,
        "breakdown_bytes": asdict(measurement.breakdown),
    }


def main() -> None:
    name, where = sys.argv[1:]
    case = CASES[name]
    print(json.dumps(reference(case) if where == "cpu" else predicted(case, Path(where))))


if __name__ == "__main__":
    main()
