"""Tiny data sets in the suites' own formats: noise for pictures, as few files as will do.

Lists name the same files many times, so that the loaders have enough for the watched steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_FILES = 4
_RANDOM = np.random.default_rng(0)


def _pictures(folder: Path, height: int, width: int) -> list[str]:
    """JPEG files of noise; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.jpg" for number in range(_FILES)]
    for name in names:
        pixels = _RANDOM.integers(0, 256, (height, width, 3), "uint8")
        Image.fromarray(pixels).save(folder / name)
    return names


def _lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def classification(folder: Path, _: Mapping[str, str]) -> None:
    """ImageNet's lists: ``picture class``."""
    names = _pictures(folder, 256, 256)
    for part, count in (("train", 1600), ("val", 256)):
        _lines(folder / f"{part}.txt", [f"{names[i % _FILES]} {i % 1000}" for i in range(count)])


def segmentation(folder: Path, _: Mapping[str, str]) -> None:
    """Lists of ``picture mask``; a mask has the class of each pixel."""
    names = _pictures(folder, 512, 512)
    for name in names:
        classes = _RANDOM.integers(0, 2, (512, 512), "uint8")
        Image.fromarray(classes).save((folder / name).with_suffix(".png"))
    pairs = [f"{name} {Path(name).stem}.png" for name in names]
    _lines(folder / "train.txt", pairs * 24)
    _lines(folder / "val.txt", pairs * 2)


def detection(folder: Path, _: Mapping[str, str]) -> None:
    """COCO: three boxes in each picture, of 80 categories."""
    (folder / "annotations").mkdir()
    categories = [{"id": number, "name": f"category {number}"} for number in range(1, 81)]
    sizes = {"width": 640, "height": 480}
    for part, count in (("train2017", 176), ("val2017", 16)):
        names = _pictures(folder / part, 480, 640)
        document = {
            "images": [{"id": i, "file_name": names[i % _FILES], **sizes} for i in range(count)],
            "annotations": [_box(i, 3 * i + k) for i in range(count) for k in range(3)],
            "categories": categories,
        }
        path = folder / "annotations" / f"instances_{part}.json"
        path.write_text(json.dumps(document))


def _box(picture: int, number: int) -> dict[str, Any]:
    left, top, width, height = (int(n) for n in _RANDOM.integers(40, 200, 4))
    return {
        "id": number + 1,
        "image_id": picture,
        "category_id": 1 + number % 80,
        "bbox": [left, top, width, height],
        "area": width * height,
        "iscrowd": 0,
    }


def recognition(folder: Path, _: Mapping[str, str]) -> None:
    """Lists of ``picture<tab>text``, lines of writing 32 pixels high."""
    names = _pictures(folder, 32, 100)
    for part, count in (("train", 6400), ("val", 768)):
        _lines(folder / f"{part}.txt", [f"{names[i % _FILES]}\tword{i % 10}" for i in range(count)])


def sentences(folder: Path, environment: Mapping[str, str]) -> None:
    """Lists of ``text<tab>class``, and an ERNIE 3.0 mini of random weights with its vocabulary."""
    characters = [chr(0x4E00 + number) for number in range(1000)]
    _lines(folder / "label.txt", [f"class {number}" for number in range(5)])
    for part, count in (("train", 800), ("dev", 96)):
        texts = ["".join(_RANDOM.choice(characters, 200)) for _ in range(_FILES)]
        _lines(
            folder / f"{part}.txt", [f"{texts[i % _FILES]}\tclass {i % 5}" for i in range(count)]
        )
    special = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "[UNK]"]
    _lines(folder / "vocab.txt", special + characters)
    subprocess.run(
        [sys.executable, "-c", _ERNIE, str(folder)],
        env=dict(environment),
        check=True,
        capture_output=True,
    )


_ERNIE = """
import sys
from paddlenlp.transformers import ErnieConfig, ErnieModel, ErnieTokenizer

folder = sys.argv[1]
config = ErnieConfig(  # ernie-3.0-mini-zh
    vocab_size=40000, hidden_size=384, num_hidden_layers=6, num_attention_heads=12,
    intermediate_size=1536, max_position_embeddings=2048, task_type_vocab_size=16,
    type_vocab_size=4, use_task_id=True,
)
ErnieModel(config).save_pretrained(f"{folder}/ernie")
ErnieTokenizer(f"{folder}/vocab.txt").save_pretrained(f"{folder}/ernie")
"""
