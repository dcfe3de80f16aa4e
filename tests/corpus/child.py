"""Architectures of one suite trained on one device: prints one line of JSON for each.

    python -m tests.corpus.child cpu|LIBRARY_OF_THE_VIRTUAL_GPU SUITE/NAME ...

Paddle and the suite are imported once, which takes longer than most dry steps; each architecture
then runs in a process of its own, forked before Paddle has done anything, by the code of the
product's child process.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import NoReturn

import numpy as np
import paddle

from estimator.drystep.child.cpu import measure_on_cpu
from estimator.drystep.child.model_file import Program
from estimator.drystep.child.observe import StepQuestion, measure_step
from estimator.drystep.child.training import Training, build_training
from estimator.drystep.child.virtual import BOUNDLESS, VirtualGpu
from estimator.drystep.cpu_scaling import measured_peak
from estimator.drystep.measurement import Precision
from estimator.workload.types import Workload
from tests.corpus.cases import CASES
from tests.corpus.install import FOLDER, SUITES

MODEL_FILE = Path(__file__).with_name("architecture.py")
MOST_SECONDS = 300


def on_cpu(workload: Workload, batch_size: int) -> dict[str, object]:
    """The second step: peak as the allocator counts it, and as a GPU's would, without scratch."""
    built: list[Training] = []

    def build() -> Training:
        program = Program(workload.model_file, workload.options)
        built.append(build_training(program, workload, Precision()))
        return built[0]

    step = measure_on_cpu(build, (batch_size,)).steps[0]
    return {
        "parameters": built[0].facts().parameters,
        "allocator_bytes": step.allocator_peak_bytes,
        "peak_bytes": measured_peak(step).bytes,
    }


def on_virtual_gpu(workload: Workload, batch_size: int, library: Path) -> dict[str, object]:
    """The second step as the product measures it, without the operators that only GPUs have.

    Those do not exist on the CPU; so the plain form of attention is what both sides take.
    """
    gpu = VirtualGpu(library)
    gpu.set_capacity(BOUNDLESS)
    program = Program(workload.model_file, workload.options)
    training = build_training(program, workload, Precision())
    step = measure_step(gpu, StepQuestion(training, Precision(), batch_size))
    return {"parameters": training.facts().parameters, "peak_bytes": step.peak_allocated_bytes}


def _answer(device: str, key: str) -> dict[str, object]:
    workload = Workload(MODEL_FILE, {"architecture": key})
    size = CASES[key].batch_size
    started = time.perf_counter()
    try:
        figures = (
            on_cpu(workload, size)
            if device == "cpu"
            else on_virtual_gpu(workload, size, Path(device))
        )
    except Exception as error:
        traceback.print_exc()
        words = str(error).strip().splitlines() or [""]
        words[0] = words[0].replace(f"{FOLDER}/", "")
        return {"failure": f"{type(error).__name__}: {words[0]}"}
    return figures | {"seconds": round(time.perf_counter() - started, 1)}


def _alone(device: str, key: str, answers: int) -> NoReturn:
    """Write the answer for ``key`` to the file ``answers``, and leave."""
    signal.alarm(MOST_SECONDS)
    print(f"--- {key} on {device}", file=sys.stderr, flush=True)
    os.write(answers, json.dumps(_answer(device, key)).encode())
    sys.stderr.flush()
    os._exit(0)


def _forked(device: str, key: str) -> dict[str, object]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _alone(device, key, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if text:
        return dict(json.loads(text))
    if os.WTERMSIG(status) == signal.SIGALRM:
        return {"failure": f"took more than {MOST_SECONDS} s"}
    return {"failure": f"ended with signal {os.WTERMSIG(status)}"}


def _allow_numpy_1() -> None:
    """imgaug, which PaddleDetection imports, asks for a list that NumPy 2 has no more."""
    floats, integers = [np.float16, np.float32, np.float64], [np.int8, np.int16, np.int32, np.int64]
    unsigned = [np.uint8, np.uint16, np.uint32, np.uint64]
    np.sctypes = {"float": floats, "int": integers, "uint": unsigned}


def main(device: str, keys: list[str]) -> None:
    _allow_numpy_1()
    importlib.import_module(SUITES[CASES[keys[0]].suite].models)
    for key in keys:
        answer = {"key": key, "paddle_version": paddle.__version__} | _forked(device, key)
        print("ANSWER" + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
