"""Recompute of a model's repeated blocks, as a user would add it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import paddle
from paddle.distributed.fleet.meta_parallel import PipelineLayer

from estimator.errors import BadInput
from estimator.messages import sentence

_SHOWN = 3


def recompute_blocks(model: paddle.nn.Layer, where: str) -> str:
    """Have every repeated block of ``model`` recomputed in the backward pass; says which.

    Blocks are the members of a LayerList or Sequential that are of one class, hold layers of
    their own and are no blocks of a block; of a stage of a pipeline those of the class that the
    whole pipeline has most of. Raises BadInput at ``where`` if there are none.
    """
    paths = dict(_blocks(model))
    if not paths:
        raise BadInput(
            sentence(
                "no repeated blocks to recompute: no LayerList or Sequential of equal composite "
                "layers"
            ),
            where=where,
            hint=sentence("paddle.distributed.fleet.utils.recompute in the model's forward"),
        )
    for block in paths.values():
        _recompute(block)
    names = list(paths)
    shown = ", ".join(names if len(names) <= _SHOWN else (*names[: _SHOWN - 1], "...", names[-1]))
    kinds = ", ".join(sorted({type(block).__name__ for block in paths.values()}))
    return sentence(
        "recompute is applied to {count} blocks of class {kinds}: {shown}",
        count=len(names),
        kinds=kinds,
        shown=shown,
    )


def _blocks(layer: paddle.nn.Layer, prefix: str = "") -> Iterator[tuple[str, paddle.nn.Layer]]:
    children = list(layer.named_children())
    if isinstance(layer, PipelineLayer):
        kind = _most_repeated(layer)
        yield from ((name, child) for name, child in children if type(child) is kind)
        return
    if _is_repeated([child for _, child in children]) and isinstance(
        layer, (paddle.nn.LayerList, paddle.nn.Sequential)
    ):
        yield from ((prefix + name, child) for name, child in children)
        return
    for name, child in children:
        yield from _blocks(child, f"{prefix}{name}.")


def _most_repeated(pipeline: Any) -> type | None:
    """The class of the layers that a pipeline has most of, on all stages together."""
    kinds = Counter(getattr(layer, "layer_func", type(layer)) for layer in pipeline._layers_desc)
    ((kind, count),) = kinds.most_common(1)
    return kind if count > 1 and isinstance(kind, type) else None


def _is_repeated(layers: list[paddle.nn.Layer]) -> bool:
    """Two or more of one class, each made of layers."""
    return (
        len(layers) > 1
        and len({type(layer) for layer in layers}) == 1
        and all(layer.sublayers() for layer in layers)
    )


class _Body(paddle.nn.Layer):  # type: ignore[misc]
    """The forward pass of a block as a layer call of its own, in the backward pass too."""

    def __init__(self, block: paddle.nn.Layer) -> None:
        super().__init__()
        self.original = block.forward
        # Not as an attribute of a Layer, which would make the block a part of this one.
        self.__dict__["recomputed_block"] = block

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.original(*args, **kwargs)


def _recompute(block: paddle.nn.Layer) -> None:
    body = _Body(block)

    @functools.wraps(body.original)
    def forward(*args: Any, **kwargs: Any) -> Any:
        if not block.training or not paddle.is_grad_enabled():
            return body.original(*args, **kwargs)
        from paddle.distributed.fleet.utils import recompute

        # The implementation by PyLayer, the default, gives the block's parameters no gradients
        # where no input has any, as in a first block behind a data layer.
        inputs = paddle.utils.flatten((args, kwargs))
        reentrant = any(isinstance(t, paddle.Tensor) and not t.stop_gradient for t in inputs)
        return recompute(body, *args, use_reentrant=reentrant, **kwargs)

    block.forward = forward
