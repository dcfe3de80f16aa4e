from __future__ import annotations

from pathlib import Path

import pytest

from estimator.errors import InternalError
from estimator.throughput import coefficients as module
from estimator.throughput.coefficients import load_coefficients
from estimator.throughput.kernel_class import MATRIX_CLASSES, KernelClass
from tests.throughput.conftest import make_gpu


def test_the_shipped_numbers_cover_every_class_and_are_shares() -> None:
    numbers = load_coefficients()
    assert set(numbers.memory) == set(KernelClass)
    assert set(numbers.compute) == MATRIX_CLASSES
    shares = [
        *numbers.memory.values(),
        *(s for of in numbers.compute.values() for s in of.values()),
    ]
    assert all(0 < share <= 1 for share in shares)


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("A800-SXM4-80GB", "A100"),
        ("A100-PCIE-40GB", "A100"),
        ("L40S", "L40S"),
        ("L4", "L4"),
        ("RTX-4090", "RTX-4090"),
        ("RTX-4090-D", "RTX-4090"),
        ("H800-PCIE-80GB", "H100"),
    ],
)
def test_boards_of_one_chip_share_its_numbers(name: str, chip: str) -> None:
    assert load_coefficients().chip_of(make_gpu(name)) == chip


@pytest.mark.parametrize("text", ["", "coefficients: 3", "coefficients: {compute: {x: 1}}", "a: ["])
def test_a_damaged_file_is_one_clear_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "coefficients.yaml"
    damaged.write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "COEFFICIENTS_FILE", damaged)
    load_coefficients.cache_clear()
    try:
        with pytest.raises(InternalError, match="cannot be read"):
            load_coefficients()
    finally:
        load_coefficients.cache_clear()
