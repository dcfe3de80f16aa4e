"""PaddleNLP: models of ``paddlenlp.transformers`` with their own losses, from their labels."""

from __future__ import annotations

from typing import Any

import paddle
from paddle.nn import functional as F

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import OPTIMIZERS, Architecture

CLASSES = 2


def open_architecture(case: Case) -> Architecture:
    from paddlenlp import transformers

    kind = getattr(transformers, case.name)
    options = dict(case.arguments)
    labels, extra = options.pop("labels"), options.pop("inputs", {})
    config = kind.config_class(**options)
    vocabulary = min(config.vocab_size, 1000)

    def example_batch(batch_size: int) -> Any:
        words = paddle.randint(5, vocabulary, [batch_size, case.size])
        wanted = words if labels == "tokens" else paddle.randint(0, CLASSES, [batch_size])
        made = {name: _extra(what, batch_size, case.size) for name, what in extra.items()}
        inputs = {"input_ids": words, **made}
        return (inputs if labels == "outside" else inputs | {"labels": wanted}), wanted

    def loss(outputs: Any, wanted: Any) -> paddle.Tensor:
        first = outputs[0] if isinstance(outputs, (tuple, list)) else outputs
        return F.cross_entropy(first, wanted) if labels == "outside" else first

    return Architecture(kind(config), example_batch, loss, OPTIMIZERS[case.optimizer])


def _extra(what: str, batch_size: int, length: int) -> paddle.Tensor:
    if what == "boxes":
        low = paddle.randint(0, 400, [batch_size, length, 2])
        return paddle.concat([low, low + 100], -1)
    if what == "zeros":
        return paddle.zeros([batch_size, length], "int64")
    return paddle.arange(length).tile([batch_size, 1])
