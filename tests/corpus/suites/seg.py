"""PaddleSeg: segmentation, models, backbones and losses by its component manager."""

from __future__ import annotations

from typing import Any

import paddle
from paddle.nn import functional as F

from tests.corpus.cases import Case
from tests.corpus.suites.architecture import OPTIMIZERS, Architecture

IGNORED = 255
"""The label that PaddleSeg's losses leave out."""


def open_architecture(case: Case) -> Architecture:
    import paddleseg  # noqa: F401  registers the components
    from paddleseg.cvlibs import manager
    from paddleseg.models import losses as _  # noqa: F401

    arguments = {"num_classes": 19, **case.arguments}
    losses = arguments.pop("losses", ["CrossEntropyLoss"])
    classes = arguments["num_classes"]
    if isinstance(backbone := arguments.get("backbone"), str):
        arguments["backbone"] = manager.BACKBONES[backbone](**arguments.pop("backbone_options", {}))
    model = manager.MODELS[case.name.split("-")[0]](**arguments)
    criteria = [_criterion(manager, name, classes) for name in losses]

    def example_batch(batch_size: int) -> Any:
        shape = [batch_size, case.size, case.size]
        images = paddle.randn([batch_size, 3, case.size, case.size])
        return images, (paddle.randint(0, classes, shape), paddle.randint(0, 2, shape))

    def loss(outputs: Any, labels: Any) -> paddle.Tensor:
        return _total(criteria, outputs, *labels)

    return Architecture(model, example_batch, loss, OPTIMIZERS[case.optimizer])


def _plain(logits: Any, labels: Any) -> Any:
    return F.cross_entropy(paddle.transpose(logits, [0, 2, 3, 1]), labels, ignore_index=IGNORED)


def _criterion(manager: Any, name: str, classes: int) -> Any:
    if name == "plain":
        return _plain
    options: dict[str, Any] = {
        "BCELoss": {"weight": "dynamic", "edge_label": True},
        "OhemCrossEntropyLoss": {"min_kept": 1000},
        "RelaxBoundaryLoss": {"border": 1},
        "SECrossEntropyLoss": {"num_classes": classes},
        "BootstrappedCrossEntropyLoss": {"min_K": 1000, "loss_th": 0.3},
    }.get(name, {})
    return manager.LOSSES[name](**options)


def _total(criteria: list[Any], outputs: Any, labels: Any, edges: Any) -> paddle.Tensor:
    """As ``paddleseg.core.train.loss_computation``: one criterion for each output or for all."""
    if len(criteria) == 1:
        criteria = criteria * len(outputs)
    assert len(criteria) == len(outputs), f"{len(outputs)} outputs"
    parts = []
    for criterion, output in zip(criteria, outputs, strict=True):
        of_edges = getattr(criterion, "edge_label", False)
        parts.append(criterion(output, edges if of_edges else labels))
    return paddle.add_n([part.sum() for part in parts])
