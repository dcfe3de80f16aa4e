"""``--input 3x224x224:float32`` and ``--label 1:int64:1000``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from estimator.errors import BadInput
from estimator.messages import message
from estimator.workload.types import SyntheticTensor, TensorRequest

DTYPES = (
    *("float32", "float16", "bfloat16", "float64"),
    *("int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128"),
)
"""Paddle's names of the dtypes that a tensor can be asked for in."""

_EXAMPLE = "3x224x224:float32, 1:int64:1000, scalar:int64:10"


def parse_tensor(words: str, flag: str) -> TensorRequest:
    """The tensor of ``SHAPE[:DTYPE[:CLASSES]]``; without DTYPE float32.

    SHAPE is per sample, without the batch: sizes joined by ``x``, or ``scalar`` for one value
    per sample. CLASSES bounds integers to [0, CLASSES). Raises BadInput.
    """
    shape, *more = words.split(":")
    if len(more) > 2:
        raise _unreadable(words, flag)
    dtype, classes = [*more, "", ""][:2]
    return TensorRequest(
        shape=_shape(shape, words, flag),
        dtype=_dtype(dtype, flag),
        classes=_classes(classes, dtype, words, flag) if classes else None,
    )


def parse_synthetic(all_words: Sequence[str]) -> tuple[SyntheticTensor, ...]:
    """``--synthetic-data [NAME=]SHAPE[:DTYPE[:CLASSES]]``, all of them with names or none."""
    flag = "--synthetic-data"
    pairs = [words.rpartition("=")[::2] for words in all_words]
    tensors = tuple(SyntheticTensor(name, parse_tensor(words, flag)) for name, words in pairs)
    names = [tensor.name for tensor in tensors]
    if any(names) and (not all(names) or len(set(names)) < len(names)):
        raise BadInput(
            message("error.synthetic_names"),
            where=flag,
            hint=f"{flag} img=3x512x512 {flag} label=512x512:int64:2",
        )
    return tensors


def _unreadable(words: str, flag: str) -> BadInput:
    return BadInput(message("error.tensor", words=words), where=flag, hint=_EXAMPLE)


def _is_positive(size: str) -> bool:
    return re.fullmatch("0*[1-9][0-9]{0,15}", size) is not None


def _shape(shape: str, words: str, flag: str) -> tuple[int, ...]:
    sizes = [] if shape == "scalar" else shape.split("x")
    if not all(_is_positive(size) for size in sizes):
        raise _unreadable(words, flag)
    return tuple(int(size) for size in sizes)


def _dtype(dtype: str, flag: str) -> str:
    if not dtype or dtype in DTYPES:
        return dtype or "float32"
    near = get_close_matches(dtype, DTYPES, n=1, cutoff=0.5)
    raise BadInput(
        message("error.dtype", dtype=dtype, known=", ".join(DTYPES)),
        where=flag,
        hint="".join(near),
    )


def _classes(classes: str, dtype: str, words: str, flag: str) -> int:
    if not _is_positive(classes):
        raise _unreadable(words, flag)
    if "int" not in dtype:
        hint = f"{flag} {words.replace(dtype, 'int64')}"
        raise BadInput(message("error.classes_dtype", dtype=dtype), where=flag, hint=hint)
    return int(classes)
