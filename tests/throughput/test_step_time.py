from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from estimator.errors import InternalError
from estimator.gpus.catalogue import load_catalogue
from estimator.throughput.coefficients import Unit, load_coefficients, units_for
from estimator.throughput.kernel_class import KernelClass
from estimator.throughput.profile import profile_kernels
from estimator.throughput.published import read_kernel_records
from estimator.throughput.roofline import device_seconds
from estimator.throughput.step_time import estimate_step_time
from estimator.values import Missing, Source
from tests.throughput.conftest import DATA, make_gpu, make_use

BIG = make_use("matmul", [(4096, 4096), (4096, 4096)], [(4096, 4096)])
COPY = make_use("relu", [(1 << 28,)], [(1 << 28,)])


def test_a_big_product_is_bound_by_arithmetic() -> None:
    # 2 * 4096^3 FLOPs on TF32 at 100 TFLOP/s times the fitted share, plus one launch.
    numbers, gpu = load_coefficients(), make_gpu()
    share = numbers.compute[KernelClass.GEMM][Unit.TF32] * numbers.sustained(gpu)
    seconds = device_seconds(profile_kernels([BIG]), gpu, numbers)[KernelClass.GEMM]
    assert seconds == pytest.approx(2 * 4096**3 / (100e12 * share) + numbers.matrix_launch_seconds)


def test_an_activation_is_bound_by_memory() -> None:
    # 2^28 float32 read and written at 1 TB/s times the fitted share.
    numbers, gpu = load_coefficients(), make_gpu()
    seconds = device_seconds(profile_kernels([COPY]), gpu, numbers)[KernelClass.ELEMENTWISE]
    traffic = 2 * 4 * 2**28 / (1e12 * numbers.memory[KernelClass.ELEMENTWISE])
    assert seconds == pytest.approx(traffic + numbers.launch_seconds)


def test_the_condensed_profile_equals_kernel_by_kernel_sums() -> None:
    numbers, gpu = load_coefficients(), make_gpu()
    for uses in read_kernel_records(DATA / "kernel_records.json.gz").values():
        matrix = [use for use in uses if use.name == "matmul"]
        one_by_one = sum(
            sum(device_seconds(profile_kernels([replace(use, count=1)]), gpu, numbers).values())
            * use.count
            for use in matrix
        )
        together = sum(device_seconds(profile_kernels(matrix), gpu, numbers).values())
        # Together the faster unit is chosen for a whole class, alone for each kernel.
        assert one_by_one <= together * (1 + 1e-9)
        assert together == pytest.approx(one_by_one, rel=0.02)


def test_units_by_dtype_and_architecture() -> None:
    ampere, gap = make_gpu(), Missing("no such unit")
    pascal = make_gpu(tf32_flops=gap, fp16_flops=gap, bf16_flops=gap)
    assert units_for("float32", ampere) == {Unit.SIMT: 20e12, Unit.TF32: 100e12}
    assert units_for("bfloat16", ampere) == {Unit.SIMT: 20e12, Unit.TENSOR: 200e12}
    for dtype in ("float32", "float16", "bfloat16", "float64"):
        assert units_for(dtype, pascal) == {Unit.SIMT: 20e12}


def test_the_interval_holds_the_target_and_throughput_mirrors_the_step() -> None:
    estimate = estimate_step_time([BIG, COPY], make_gpu(), 32)
    step, rate = estimate.step_seconds, estimate.throughput
    assert step.lower < step.target < step.upper
    assert rate.target == pytest.approx(32 / step.target)
    assert rate.lower == pytest.approx(32 / step.upper)
    assert step.source is Source.VIRTUAL
    assert sum(estimate.share.values()) == pytest.approx(1)
    assert estimate.gpu == "A100-SXM4-80GB"


def test_a_chip_without_published_runs_has_a_wider_interval() -> None:
    seen = estimate_step_time([BIG], make_gpu("A800-SXM4-80GB"), 1).step_seconds
    unseen = estimate_step_time([BIG], make_gpu("L40S"), 1).step_seconds
    assert unseen.upper / unseen.target > seen.upper / seen.target
    assert unseen.target / unseen.lower > seen.target / seen.lower
    assert "no published run on L40S" in unseen.reason


def test_time_in_classes_that_no_row_exercises_widens_the_interval() -> None:
    lstm = make_use("rnn", [(64, 256, 1024), (4096, 1024), (4096, 1024)], [(64, 256, 1024)])
    known = estimate_step_time([BIG], make_gpu(), 1).step_seconds
    unknown = estimate_step_time([lstm], make_gpu(), 1).step_seconds
    assert unknown.upper / unknown.target > known.upper / known.target


def test_many_small_kernels_are_bound_by_the_host() -> None:
    small = make_use("relu", [(8,)], [(8,)], count=1000)
    step = estimate_step_time([small], make_gpu(), 1).step_seconds
    assert step.target == pytest.approx(1000 * load_coefficients().host_seconds.target)
    assert "host" in step.reason


@pytest.mark.parametrize(("uses", "batch"), [([], 1), ([BIG], 0), ([BIG], -3)])
def test_nothing_to_predict_is_our_fault(uses: list[object], batch: int) -> None:
    with pytest.raises(InternalError, match="kernel record"):
        estimate_step_time(uses, make_gpu(), batch)  # type: ignore[arg-type]


def test_a_record_of_views_only_is_refused() -> None:
    with pytest.raises(InternalError):
        estimate_step_time([make_use("reshape", [(4,)], [(2, 2)])], make_gpu(), 1)


def test_every_type_of_the_catalogue_and_every_workload_gives_an_estimate() -> None:
    for uses in read_kernel_records(DATA / "kernel_records.json.gz").values():
        profile = profile_kernels(uses)
        for gpu in load_catalogue().types:
            assert estimate_step_time(profile, gpu, 1).step_seconds.target > 0


def test_thirty_types_at_ten_batch_sizes_take_less_than_a_third_of_a_second() -> None:
    uses = read_kernel_records(DATA / "kernel_records.json.gz")["deeplabv3p_b4_O1"]
    types = [make_gpu(f"GPU-{n}") for n in range(30)]
    load_coefficients()
    start = time.process_time()
    for batch in range(1, 11):
        profile = profile_kernels(uses)
        for gpu in types:
            estimate_step_time(profile, gpu, batch)
    assert time.process_time() - start < 0.3


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = ["numpy", "pandas", "scipy", "sklearn", "yaml", "pydantic"]
    code = (
        "import sys, estimator.throughput.step_time, estimator.throughput.multi_gpu;"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
