"""The fit reproduces what ships, and what ships is as good as it says."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import pytest
import yaml

from estimator.throughput.coefficients import COEFFICIENTS_FILE, load_coefficients
from estimator.throughput.fit import main
from estimator.throughput.published import Published
from estimator.throughput.solve import (
    coverage,
    fit_scaling,
    fit_single,
    log_error,
    quantile,
    read_priors,
    scaling_error,
)
from tests.throughput.conftest import DATA


def test_the_single_gpu_fit_is_the_one_that_ships(published: Published) -> None:
    priors = read_priors().only(lambda path: not path.startswith("scaling."))
    numbers, shipped = priors.moved(fit_single(priors, published.of("fit"))), load_coefficients()
    for kind, by_unit in shipped.compute.items():
        assert numbers.compute[kind] == pytest.approx(by_unit, rel=0.01)
    assert numbers.memory == pytest.approx(shipped.memory, rel=0.01)
    assert numbers.chips == pytest.approx(shipped.chips, rel=0.01)


def test_the_scaling_fit_is_the_one_that_ships(published: Published) -> None:
    priors = read_priors().only(lambda path: path.startswith("scaling."))
    rows = [run for run in published.scaling if run.use == "fit"]
    numbers, shipped = priors.moved(fit_scaling(priors, rows)), load_coefficients()
    assert numbers.scaling.imbalance == pytest.approx(shipped.scaling.imbalance, rel=0.01)
    assert numbers.scaling.overlap == pytest.approx(shipped.scaling.overlap, rel=0.01)


def test_accuracy_on_published_runs(published: Published) -> None:
    numbers = load_coefficients()

    def typical(use: str) -> float:
        return median(abs(log_error(run, numbers)) for run in published.single if run.use == use)

    assert typical("fit") <= 0.08
    # PyTorch in float32 on V100, A100, L4 and H100: rows that were never fitted.
    assert typical("torch") <= 0.12
    assert median(abs(scaling_error(run, numbers)) for run in published.scaling) <= 0.03


def test_the_shipped_summary_meets_the_goal_on_a_chip_that_the_fit_has_not_seen() -> None:
    summary = yaml.safe_load(COEFFICIENTS_FILE.read_text(encoding="utf-8"))["summary"]
    assert summary["median_error_fit"] <= 0.08
    assert summary["median_error_chip_left_out"] <= 0.12
    assert summary["median_scaling_error_8_gpus"] <= 0.03
    assert summary["median_scaling_error_32_gpus"] <= 0.06
    assert summary["median_scaling_error_model_left_out"] <= 0.03
    assert summary["interval_coverage"] >= 0.9


def test_the_quantile_is_the_largest_error_of_a_small_sample() -> None:
    # ceil(0.95 * (10 + 1)) = 11 > 10: the largest. Of 100: the 96th.
    assert quantile([float(n) for n in range(1, 11)]) == 10
    assert quantile([float(n) for n in range(1, 101)]) == 96
    assert quantile([-3.0, -2.0]) == 0


def test_coverage_leaves_each_error_out_of_its_own_interval() -> None:
    # Of -2, -1, 1, 2 the ends are outside the interval of the others.
    assert coverage([-2.0, -1.0, 1.0, 2.0]) == 0.5


def test_published_rates_became_seconds(published: Published) -> None:
    row = next(run for run in published.single if run.label.startswith("resnet50_b256_fp32 on V1"))
    assert row.step_seconds == pytest.approx(256 / 393.561)
    assert log_error(row, load_coefficients()) == pytest.approx(0, abs=math.log(1.15))


def test_software_of_the_past_has_a_factor_of_its_own(published: Published) -> None:
    numbers = load_coefficients()
    old = [run for run in published.single if run.stack == "paddle-1"]
    assert {run.source.partition("@")[0] for run in old} == {"Oneflow-Inc/DLPerf"}
    now = [replace(run, stack="") for run in old]
    for one, other in zip(old, now, strict=True):
        longer = math.log(numbers.stacks["paddle-1"])
        assert log_error(other, numbers) - log_error(one, numbers) == pytest.approx(longer)
    # What is predicted is today's software; that of 2020 took longer.
    assert 1.0 < numbers.stacks["paddle-1"] < 1.2


def test_every_row_is_printed_with_what_fits_without_it_say(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(DATA)]) == 0
    lines = capsys.readouterr().out.splitlines()
    for run in published.single:
        (line,) = [line for line in lines if line.endswith(f"  {run.label}")]
        assert f"{run.rate:,.1f}" in line
        assert line.count("%") == (4 if run.use == "fit" else 1)  # own, model, chip, stack
    assert sum("scaling efficiency" in line for line in lines) == len(published.scaling)


def test_the_command_wants_one_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "tests/throughput/data" in capsys.readouterr().err
