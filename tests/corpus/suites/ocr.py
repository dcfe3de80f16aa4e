"""PaddleOCR: text detection, recognition, tables, from the configurations of a checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import paddle

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import OPTIMIZERS, Architecture

CHARACTERS = 97
"""Classes of a recognizer with the English dictionary."""

_TAKES_LABELS = {
    "SRN",
    "NRTR",
    "SAR",
    "SEED",
    "SVTR",
    "SVTR_LCNet",
    "SPIN",
    "VisionLAN",
    "RobustScanner",
    "RFL",
    "SATRN",
    "SVTR_HGNet",
}
"""Algorithms whose model is given the labels too (``tools/program.py`` of PaddleOCR)."""


def open_architecture(case: Case) -> Architecture:
    import ppocr
    import yaml
    from ppocr.losses import build_loss
    from ppocr.modeling.architectures import build_model

    path = Path(ppocr.__file__).parents[1] / "configs" / f"{case.arguments['config']}.yml"
    config = yaml.safe_load(path.read_text())
    architecture = config["Architecture"]
    _name_classes(architecture)
    architecture["Backbone"].pop("pretrained", None)  # a download
    architecture["Backbone"].pop("use_ssld", None)
    criterion = build_loss(config["Loss"])
    takes_labels = (
        architecture["model_type"] == "table" or architecture.get("algorithm") in _TAKES_LABELS
    )
    make_labels = _LABELS[case.arguments["labels"]]

    def example_batch(batch_size: int) -> Any:
        images = paddle.randn([batch_size, *case.arguments["image"]])
        labels = make_labels(batch_size, case.arguments["image"])
        return ((images, labels) if takes_labels else (images,)), [images, *labels]

    return Architecture(
        model=build_model(architecture),
        example_batch=example_batch,
        loss=lambda outputs, labels: criterion(outputs, labels)["loss"],
        optimizer=OPTIMIZERS[case.optimizer],
    )


def _name_classes(architecture: dict[str, Any]) -> None:
    """Tell the head of a recognizer how many characters there are, as the tools do."""
    head = architecture["Head"]
    if head["name"] == "MultiHead":
        head["out_channels_list"] = {
            "CTCLabelDecode": CHARACTERS,
            "SARLabelDecode": CHARACTERS + 2,
            "NRTRLabelDecode": CHARACTERS + 3,
        }
    elif architecture["model_type"] in ("rec", "table"):
        head["out_channels"] = CHARACTERS


def _maps(*shapes: tuple[int, int]) -> Callable[[int, Any], list[Any]]:
    """Zeros and ones: for each (channels, stride) a map ``[N, channels, H, W]``; 0 drops C."""

    def make(batch_size: int, image: Any) -> list[Any]:
        found = []
        for channels, stride in shapes:
            size = [side // stride for side in image[1:]]
            shape = [batch_size, *([channels] if channels else []), *size]
            found.append(paddle.randint(0, 2, shape).astype("float32"))
        return found

    return make


def _text(length: int, *more: str) -> Callable[[int, Any], list[Any]]:
    """Labels of ``length`` characters, of which ten are text, and what else is wanted."""

    def make(batch_size: int, image: Any) -> list[Any]:
        def characters() -> Any:
            text = paddle.randint(1, 37, [batch_size, 10])
            return paddle.concat([text, paddle.zeros([batch_size, length - 10], "int64")], 1)

        ready = {
            "label": characters,
            "length": lambda: paddle.full([batch_size], 10, "int64"),
            "ratio": lambda: paddle.ones([batch_size]),
            "positions": lambda: paddle.arange(length).tile([batch_size, 1]),
            "semantics": lambda: paddle.randn([batch_size, 300]),
            "count": lambda: paddle.ones([batch_size, CHARACTERS]),
        }
        return [characters(), *(ready[name]() for name in more)]

    return make


def _reasoning(batch_size: int, image: Any) -> list[Any]:
    """What SRN's semantic reasoning takes: words, positions, and masks of 8 heads."""
    cells = image[1] // 8 * (image[2] // 8)
    bias = paddle.triu(paddle.full([25, 25], -1e9), 1).tile([batch_size, 8, 1, 1])
    return [
        paddle.randint(0, 37, [batch_size, 25, 1]),
        paddle.full([batch_size], 10, "int64"),
        paddle.arange(cells).reshape([1, cells, 1]).tile([batch_size, 1, 1]),
        paddle.arange(25).reshape([1, 25, 1]).tile([batch_size, 1, 1]),
        bias,
        paddle.transpose(bias, [0, 1, 3, 2]),
    ]


def _table(rows: int) -> Callable[[int, Any], list[Any]]:
    def make(batch_size: int, image: Any) -> list[Any]:
        return [
            paddle.randint(0, 30, [batch_size, rows]),
            paddle.rand([batch_size, rows, 4]),
            paddle.ones([batch_size, rows, 1]),
            paddle.ones([batch_size, 6]),
        ]

    return make


def _direction(batch_size: int, image: Any) -> list[Any]:
    return [paddle.randint(0, 2, [batch_size])]


_LABELS: dict[str, Callable[[int, Any], list[Any]]] = {
    "direction": _direction,
    "db": _maps((0, 1), (0, 1), (0, 1), (0, 1)),
    "east": _maps((1, 4), (9, 4), (1, 4)),
    "pse": _maps((0, 1), (6, 1), (0, 1)),
    "sast": _maps((1, 4), (5, 4), (1, 4), (9, 4), (3, 4)),
    "ctc": _text(25, "length"),
    "attention": _text(27, "length"),
    "nrtr": _text(27, "length"),
    "sar": _text(30, "ratio"),
    "satrn": _text(25, "ratio"),
    "robust": _text(40, "ratio", "positions"),
    "multi": _text(25, "label", "length", "ratio"),
    "seed": _text(100, "length", "semantics"),
    "srn": _reasoning,
    "abinet": _text(26, "length"),
    "table": _table(502),
}
