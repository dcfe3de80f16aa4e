"""PaddleClas: image classification by ``ppcls.arch.build_model``."""

from __future__ import annotations

from typing import Any

import paddle
from paddle.nn import functional as F

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import OPTIMIZERS, Architecture

CLASSES = 1000


def open_architecture(case: Case) -> Architecture:
    from ppcls.arch import build_model
    from ppcls.utils import logger

    logger.init_logger()
    arguments = {"name": case.name.split("@")[0], "class_num": CLASSES, **case.arguments}
    if case.arguments.get("class_num", 0) is None:
        del arguments["class_num"]

    def example_batch(batch_size: int) -> Any:
        images = paddle.randn([batch_size, 3, case.size, case.size])
        return images, paddle.randint(0, CLASSES, [batch_size])

    return Architecture(
        model=build_model({"Arch": arguments, "Global": {}}),
        example_batch=example_batch,
        loss=_loss,
        optimizer=OPTIMIZERS[case.optimizer],
    )


def _loss(outputs: Any, labels: Any) -> paddle.Tensor:
    """Cross entropy of every head: of several outputs each counts, as in ``CombinedLoss``."""
    if isinstance(outputs, dict):
        outputs = outputs["logits"]
    heads = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return paddle.add_n([F.cross_entropy(head, labels) for head in heads])
