"""The step of ``--device gpu``, run on the virtual GPU: the same runner, only the device differs.

What a real card adds, its kernels and its clock, is not tested here: there is none.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

MODEL = Path(__file__).parent / "models" / "tiny.py"


def test_the_same_peak_as_the_recorded_step() -> None:
    told = on_virtual_gpu(f"""
        from estimator.drystep.child.gpu import measure_gpu_step
        from estimator.drystep.child.model_file import Program
        from estimator.drystep.child.observe import StepQuestion, measure_step
        from estimator.drystep.child.training import build_training
        from estimator.drystep.measurement import Precision
        from estimator.workload.types import Workload
        path = Path({str(MODEL)!r})
        workload = Workload(path, options={{"width": 512}})
        for name, measure in (("gpu", measure_gpu_step), ("virtual", None)):
            training = build_training(Program(path, workload.options), workload, Precision())
            question = StepQuestion(training, Precision(), 64)
            told = measure(question) if measure else measure_step(gpu, question)
            kinds = told.breakdown
            result[name] = [told.peak_allocated_bytes, told.peak_reserved_bytes]
            result[name + "_kinds"] = [kinds.parameters, kinds.buffers, kinds.optimizer_state]
            result[name + "_total"] = kinds.total
            result[name + "_seconds"] = told.step_seconds if measure else None
            del training, question, told
            statistics.restart_reserved_peak()
    """)
    assert told["gpu"][0] == told["virtual"][0]
    assert told["gpu_total"] == told["gpu"][0]
    assert told["gpu_kinds"] == told["virtual_kinds"]
    assert 0 < told["gpu_seconds"] < 5


def test_the_largest_batch_is_extrapolated_and_says_so() -> None:
    told = on_virtual_gpu(f"""
        from dataclasses import replace
        from estimator.drystep.child.gpu import extrapolated_trials, measure_gpu_step
        from estimator.drystep.child.model_file import Program
        from estimator.drystep.child.observe import StepQuestion
        from estimator.drystep.child.training import build_training
        from estimator.drystep.measurement import Precision
        from estimator.workload.types import Workload
        path = Path({str(MODEL)!r})
        workload = Workload(path)
        training = build_training(Program(path, {{}}), workload, Precision())
        one = measure_gpu_step(StepQuestion(training, Precision(), 64))
        points = [
            replace(one, per_device_batch_size=size, peak_reserved_bytes=100 + 10 * size)
            for size in (64, 32)
        ]
        trial, capped = extrapolated_trials(points, (1100, 10**9), 4096)
        result["largest"] = [trial.max_per_device_batch_size, capped.max_per_device_batch_size]
        result["why"] = trial.measurement.reason
    """)
    # 100 + 10 b <= 1100 up to b = 100; the search ends at 4096.
    assert told["largest"] == [100, 4096]
    assert "not run" in told["why"]
