from __future__ import annotations

from pathlib import Path

import pytest

from estimator.drystep.measurement import Precision
from estimator.savings.variants import Variant, variants_of
from estimator.values import Missing
from estimator.workload.types import OptionValue, TensorRequest, Workload

MODEL = Workload(Path("net.py"))


def flags(workload: Workload, batch_size: int = 32) -> list[str]:
    found = variants_of(workload, batch_size)
    return [variant.flags for variant in found if isinstance(variant, Variant)]


def test_every_kind_of_variant() -> None:
    assert flags(Workload(Path("net.py"), {"image_size": 224})) == [
        "--amp O1 --amp-dtype float16",
        "--amp O1 --amp-dtype bfloat16",
        "--amp O2 --amp-dtype float16",
        "--amp O2 --amp-dtype bfloat16",
        "--accumulate 2",
        "--accumulate 4",
        "--accumulate 8",
        "-o image_size=160",  # 0.75 x 224 = 168, to a multiple of 32
        "paddle.optimizer.SGD",
        "paddle.optimizer.Momentum",
        "paddle.optimizer.Adam",
        "paddle.optimizer.AdamW",
        "paddle.optimizer.Lamb",
        "--recompute",
    ]


def test_what_is_asked_for_anyway_is_no_variant() -> None:
    asked = Workload(
        Path("net.py"), precision=Precision("O1", "float16"), recompute=True, accumulate=4
    )
    found = flags(asked)
    assert "--amp O1 --amp-dtype float16" not in found
    assert "--recompute" not in found
    assert [one for one in found if "accumulate" in one] == ["--accumulate 8"]


@pytest.mark.parametrize(("batch", "parts"), [(1, []), (2, [2]), (6, [2]), (12, [2, 4])])
def test_micro_batches_divide_the_batch(batch: int, parts: list[int]) -> None:
    found = [one for one in flags(MODEL, batch) if "accumulate" in one]
    assert found == [f"--accumulate {n}" for n in parts]


def test_inference_has_nothing_to_train() -> None:
    found = flags(Workload(Path("net.py"), inference=True))
    assert all("--amp" in one for one in found)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seq_length": 512}, "-o seq_length=384"),
        ({"size": 224}, "-o size=160"),
        ({"image_size": 32}, None),
        ({"image_size": True}, None),
        ({"image_size": "224"}, None),
        ({"depth": 50}, None),
    ],
)
def test_an_option_that_is_a_size(options: dict[str, OptionValue], expected: str | None) -> None:
    found = flags(Workload(Path("net.py"), options))
    assert [one for one in found if one.startswith("-o")] == ([expected] if expected else [])


def test_an_image_given_by_its_shape() -> None:
    images = TensorRequest((3, 224, 160), "float32")
    ids = TensorRequest((512,), "int64", 1000)
    found = variants_of(Workload(Path("net.py"), inputs=(images, ids)), 8)
    (smaller,) = (v for v in found if isinstance(v, Variant) and "--input" in v.flags)
    assert smaller.flags == "--input 3x160x128:float32 --input 512:int64"
    assert smaller.workload.inputs[1] == ids


def test_without_a_size_the_gap_is_told() -> None:
    (gap,) = (one for one in variants_of(MODEL, 8) if isinstance(one, Missing))
    assert gap.reason.startswith("a smaller input was not run")
