from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.cli.tensors import DTYPES, parse_synthetic, parse_tensor
from estimator.errors import BadInput
from estimator.workload.types import SyntheticTensor, TensorRequest


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("3x224x224:float32", TensorRequest((3, 224, 224), "float32")),
        ("3x224x224", TensorRequest((3, 224, 224), "float32")),
        ("1:int64:1000", TensorRequest((1,), "int64", 1000)),
        ("scalar:int64:10", TensorRequest((), "int64", 10)),
        ("128:uint8:256", TensorRequest((128,), "uint8", 256)),
        ("16:bool", TensorRequest((16,), "bool")),
    ],
)
def test_tensors(words: str, meant: TensorRequest) -> None:
    assert parse_tensor(words, "--input") == meant


@pytest.mark.parametrize(
    "words",
    [
        *("", ":", " ", "x", "3x", "x3", "3xx4", "3 x 4", "0x4", "-1x4", "3.5", "3×4", "٣", "a"),
        *("1:int64:0", "1:int64:-5", "1:int64:many", "1:int64:5:6", "9" * 5000),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_flag(words: str) -> None:
    with pytest.raises(BadInput, match="is not SHAPE") as caught:
        parse_tensor(words, "--label")
    assert caught.value.where == "--label"


def test_an_unknown_dtype_names_the_nearest() -> None:
    with pytest.raises(BadInput, match="'float23' is not a dtype") as caught:
        parse_tensor("3:float23", "--input")
    assert caught.value.hint == "float32"


@pytest.mark.parametrize("words", ["1:float32:10", "1::10"])
def test_classes_need_integers(words: str) -> None:
    with pytest.raises(BadInput, match="integer dtype"):
        parse_tensor(words, "--label")


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.sampled_from(DTYPES))
def test_any_shape_comes_back(shape: list[int], dtype: str) -> None:
    words = f"{'x'.join(map(str, shape))}:{dtype}"
    assert parse_tensor(words, "--input") == TensorRequest(tuple(shape), dtype)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(words: str) -> None:
    with suppress(BadInput):
        parse_tensor(words, "--input")


def test_synthetic_data_by_position_and_by_name():
    image = TensorRequest((3, 8, 8), "float32")
    label = TensorRequest((), "int64", 10)
    assert parse_synthetic(["3x8x8", "scalar:int64:10"]) == (
        SyntheticTensor("", image),
        SyntheticTensor("", label),
    )
    assert parse_synthetic(["img=3x8x8", "label=scalar:int64:10"]) == (
        SyntheticTensor("img", image),
        SyntheticTensor("label", label),
    )
    assert parse_synthetic([]) == ()


@pytest.mark.parametrize("words", [["a=3", "3"], ["a=3", "a=4"]])
def test_names_of_synthetic_data_that_do_not_agree(words):
    with pytest.raises(BadInput, match="every tensor has a name") as caught:
        parse_synthetic(words)
    assert caught.value.where == "--synthetic-data"


def test_a_shape_of_synthetic_data_that_cannot_be_read():
    with pytest.raises(BadInput) as caught:
        parse_synthetic(["img=wide"])
    assert caught.value.where == "--synthetic-data"
