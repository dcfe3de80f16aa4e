"""The loss of a training: the file's, that of ``paddle.Model``, or the default."""

from __future__ import annotations

from typing import Any

import paddle

from estimator.drystep.child.assumptions import Assumptions
from estimator.drystep.child.defaults import DefaultLoss
from estimator.drystep.child.model_file import RunFile
from estimator.drystep.child.steps import Loss


def loss_of(file: RunFile, wrapper: paddle.Model | None, assumptions: Assumptions) -> Loss:
    """The loss to train with; what is assumed of it is noted when it is first used."""
    if file.loss_fn is not None:
        return file.loss_fn
    if wrapper is not None and wrapper._loss is not None:
        return _prepared_loss(wrapper._loss)
    return DefaultLoss(assumptions.add)


def _prepared_loss(loss: Any) -> Loss:
    """The loss of ``paddle.Model.prepare``, called and added up as ``Model.fit`` does."""

    def total(outputs: Any, labels: Any) -> paddle.Tensor:
        return paddle.add_n(_listed(loss(*_listed(outputs), *_listed(labels))))

    return total


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (tuple, list)) else [value]
