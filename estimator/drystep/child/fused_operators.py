"""Fused operators that Paddle's Python calls by an old name which only CUDA builds have.

``paddle.incubate.nn`` calls three of them through ``_legacy_C_ops`` in eager mode. The fused
matrix product is there under its new name; the two halves of a transformer layer have no eager
form at all in a CPU build and run as the operators that they join, which keep the same tensors
for the backward pass. What is left is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddle import _C_ops, _legacy_C_ops
from paddle.nn import functional as F  # noqa: N812

from estimator.drystep.child.notes import note
from estimator.messages import sentence

Attributes = Mapping[str, Any]
_NOT_THERE = ("fused_gate_attention", "resnet_basic_block", "correlation")
_MODES = {"downgrade_in_infer": "downscale_in_infer"}


def complete_fused_operators() -> None:
    """Give ``_legacy_C_ops`` the operators that a CPU build leaves out."""
    for name, (tensors, run) in _OPERATORS.items():
        if not hasattr(_legacy_C_ops, name):
            setattr(_legacy_C_ops, name, _in_the_old_form(tensors, run))
    for name in _NOT_THERE:
        if not hasattr(_legacy_C_ops, name):
            setattr(_legacy_C_ops, name, _refusing(name))


def _in_the_old_form(tensors: int, run: Callable[..., Any]) -> Callable[..., Any]:
    """The old names are called with so many tensors, then names and values of attributes."""

    def call(*arguments: Any) -> Any:
        rest = arguments[tensors:]
        return run(*arguments[:tensors], dict(zip(rest[::2], rest[1::2], strict=True)))

    return call


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise NotImplementedError(f"The virtual GPU has no kernel `{name}`.")

    return refuse


def _gemm_epilogue(x: Any, y: Any, bias: Any, said: Attributes) -> Any:
    flags = said.get("trans_x", False), said.get("trans_y", False)
    operators: Any = _C_ops
    return operators.fused_gemm_epilogue(x, y, bias, *flags, said.get("activation", "none"))[0]


def _in_parts(name: str) -> None:
    note(
        sentence(
            "{name} runs as the operators that it joins, which keep the same tensors; its own "
            "scratch on a GPU is not counted",
            name=name,
        )
    )


def _feed_forward(*arguments: Any) -> tuple[Any, ...]:
    """x, two seeds, weight and bias of two linear layers, scale and bias of two norms."""
    _in_parts("fused_feedforward")
    x, _, _, *linears, said = arguments
    weight1, bias1, weight2, bias2, *norms = linears
    before = said["pre_layer_norm"]
    y = _norm(x, norms[:2], said["ln1_epsilon"]) if before else x
    y = getattr(F, said["act_method"])(F.linear(y, weight1, bias1))
    y = _dropout(y, said, "dropout1_rate", "dropout1_implementation")
    y = _dropout(F.linear(y, weight2, bias2), said, "dropout2_rate", "dropout2_implementation")
    y = x + y if said["add_residual"] else y
    y = y if before else _norm(y, norms[2:], said["ln2_epsilon"])
    return y, *(None,) * 10


def _attention(*arguments: Any) -> tuple[Any, ...]:
    """Self-attention of x [batch, length, size] with its norms, projections and residual."""
    _in_parts("fused_attention")
    x, scale, shift, *weights, said = arguments
    qkv_weight, qkv_bias, cache, mask, out_weight, out_bias, *norm2 = weights
    before = said["pre_layer_norm"]
    y = _norm(x, (scale, shift), said["epsilon"]) if before else x
    query, key, value = _projected(y, qkv_weight, qkv_bias, said)
    if cache is not None:
        key = paddle.concat([cache[0], key], axis=2)
        value = paddle.concat([cache[1], value], axis=2)
        cache = paddle.stack([key, value])
    y = _mixed(query, key, value, mask, said)
    y = F.linear(y.transpose([0, 2, 1, 3]).flatten(2), out_weight, out_bias)
    y = _dropout(y, said, "dropout_rate", "dropout_implementation")
    y = x + y if said["add_residual"] else y
    y = y if before else _norm(y, norm2, said["ln_epsilon"])
    return *(None,) * 18, cache, y


def _projected(x: Any, weight: Any, bias: Any, said: Attributes) -> Any:
    """Query, key and value [batch, heads, length, size of a head]."""
    if said["transpose_qkv_wb"]:  # weight [size, 3 x size]
        y = F.linear(x, weight, bias)
        y = y.reshape([*x.shape[:2], 3, said["num_heads"], -1])
    else:  # weight [3, heads, size of a head, size]
        y = paddle.matmul(x, weight.reshape([-1, weight.shape[-1]]), transpose_y=True)
        y = y if bias is None else y + bias.reshape([-1])
        y = y.reshape([*x.shape[:2], *weight.shape[:3]])
    return y.transpose([2, 0, 3, 1, 4]).unbind(0)


def _mixed(query: Any, key: Any, value: Any, mask: Any, said: Attributes) -> Any:
    scores = paddle.matmul(query * query.shape[-1] ** -0.5, key, transpose_y=True)
    scores = F.softmax(scores if mask is None else scores + mask)
    rate = "attn_dropout_rate", "attn_dropout_implementation"
    return paddle.matmul(_dropout(scores, said, *rate), value)


def _norm(x: Any, weights: Sequence[Any], epsilon: float) -> Any:
    return F.layer_norm(x, [x.shape[-1]], *weights, epsilon)


def _dropout(x: Any, said: Attributes, rate: str, mode: str) -> Any:
    named = _MODES.get(said[mode], said[mode])
    return F.dropout(x, said[rate], training=not said["is_test"], mode=named)


_OPERATORS: dict[str, tuple[int, Callable[..., Any]]] = {
    "fused_gemm_epilogue": (3, _gemm_epilogue),
    "fused_feedforward": (11, _feed_forward),
    "fused_attention": (11, _attention),
}
