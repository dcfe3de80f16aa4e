"""Kernels that only GPUs have: outputs, saved state and scratch, byte by byte.

The expected bytes are those that Paddle's GPU kernels allocate (their sources are named in
source/contracts.h). The allocator rounds each block up to 256 bytes.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.drystep.virtual import on_virtual_gpu

pytestmark = pytest.mark.paddle

_HELPERS = """
from paddle import _C_ops as C
from paddle.incubate.nn import functional as I
from paddle.nn import functional as F

def zeros(*shape, dtype="float16", grad=True):
    tensor = paddle.zeros(list(shape), dtype)
    tensor.stop_gradient = not grad
    return tensor

def step(name, operator, *inputs, backward=True):
    '''Bytes that the operator keeps and those that it takes for a moment, forward and backward.'''
    before = statistics.allocated_bytes()
    statistics.restart_allocated_peak()
    outputs = operator(*inputs)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    told = {
        "outputs": [[list(o.shape), str(o.dtype)[7:], o.place.is_cpu_place()] for o in outputs],
        "kept": statistics.allocated_bytes() - before,
        "forward": statistics.peak_allocated_bytes() - before,
    }
    if backward:
        grad = paddle.zeros_like(outputs[0])
        before = statistics.allocated_bytes()
        statistics.restart_allocated_peak()
        outputs[0].backward(grad)
        copied = -(-grad.size * grad.element_size() // 256) * 256  # the engine works on a copy
        told["backward"] = statistics.peak_allocated_bytes() - before - copied
    result[name] = told
"""


def blocks(*sizes: int) -> int:
    """Bytes of the allocator for blocks of these sizes."""
    return sum(math.ceil(size / 256) * 256 for size in sizes)


def told_by(code: str) -> dict[str, Any]:
    return on_virtual_gpu(_HELPERS + code)


BATCH, LENGTH, HEADS, SIZE = 2, 1000, 16, 64
TOKENS = BATCH * LENGTH
WIDE = TOKENS * HEADS * SIZE * 2  # bytes of query, output or one gradient in half precision
ROUNDED = 1024  # 1000 rounded up to a block of 128 queries
ROWS = BATCH * HEADS * ROUNDED * 4  # one float32 a query
ACCUMULATED = ROWS * SIZE  # the query's gradient in float32


@pytest.fixture(scope="module")
def flash() -> dict[str, Any]:
    return told_by("""
q, k, v = (zeros(2, 1000, 16, 64) for _ in range(3))
few = [zeros(2, 1000, 4, 64) for _ in range(2)]
plain = (None, None, 0.0, True, False, False, "")
step("plain", C.flash_attn, q, k, v, *plain)
step("bfloat16", C.flash_attn, *(t.astype("bfloat16") for t in (q, k, v)), *plain, backward=False)
step("grouped", C.flash_attn, q, *few, *plain)
step("softmax", C.flash_attn, q, k, v, None, None, 0.1, True, True, False, "", backward=False)
step("packed", C.flash_attn_qkvpacked, zeros(2, 1000, 3, 16, 64), *plain)
bounds = paddle.to_tensor([0, 900, 1200, 2000], dtype="int32")
loose = [zeros(2000, 16, 64) for _ in range(3)]
lengths = (bounds, bounds, None, None, 900, 900, 0.125, 0.0, True, False, False, "")
step("unpadded", C.flash_attn_unpadded, *loose, *lengths)
step("unpadded packed", C.flash_attn_varlen_qkvpacked, zeros(2000, 3, 16, 64), *lengths, True)
rows = paddle.zeros([2, 1, 1000, 1], "int32")
step("mask", C.flashmask_attention, q, k, v, rows, None, 0.0, True, False, False, "")
try:
    C.flash_attn(*(t.astype("float32") for t in (q, k, v)), *plain)
except RuntimeError as error:
    result["float32"] = str(error)
""")


def test_flash_attention_saves_one_number_a_query(flash: dict[str, Any]) -> None:
    plain = flash["plain"]
    assert plain["outputs"] == [
        [[BATCH, LENGTH, HEADS, SIZE], "float16", False],
        [[0], "float16", False],
        plain["outputs"][2],
        [[2], "int64", True],  # the state of the random numbers stays on the host
    ]
    shape, dtype, _ = plain["outputs"][2]
    # Paddle 3.2 rounds the length up to a block of queries, 3.3 does not.
    assert shape in ([BATCH, HEADS, LENGTH], [BATCH, HEADS, ROUNDED])
    assert dtype == "float32"
    assert plain["kept"] == blocks(WIDE, math.prod(shape) * 4)
    assert plain["forward"] == plain["kept"] + 256  # the kernel's own random state
    assert flash["bfloat16"]["kept"] == plain["kept"]


def test_the_backward_pass_accumulates_the_gradient_of_the_query(flash: dict[str, Any]) -> None:
    expected = blocks(WIDE, WIDE, WIDE, ROWS, ACCUMULATED, 256)
    for name in ("plain", "mask"):
        assert flash[name]["backward"] == expected, name
    # One gradient for query, key and value together; the scratch is the same.
    assert flash["packed"]["backward"] == blocks(3 * WIDE, ROWS, ACCUMULATED, 256)


def test_grouped_heads_form_a_gradient_for_every_query_head(flash: dict[str, Any]) -> None:
    narrow = WIDE // 4
    expected = blocks(WIDE, narrow, narrow, WIDE, WIDE, ROWS, ACCUMULATED, 256)
    assert flash["grouped"]["backward"] == expected


def test_scores_are_kept_only_where_they_are_asked_for(flash: dict[str, Any]) -> None:
    scores = BATCH * HEADS * ROUNDED * ROUNDED * 2
    assert flash["softmax"]["outputs"][1][0] == [BATCH, HEADS, ROUNDED, ROUNDED]
    extra = flash["softmax"]["kept"] - flash["plain"]["kept"]
    assert extra == scores


def test_sequences_without_padding(flash: dict[str, Any]) -> None:
    # Three sequences, the longest of 900 tokens: 1024 rows each.
    rows = 3 * HEADS * ROUNDED * 4
    assert flash["unpadded"]["backward"] == blocks(*[WIDE] * 3, rows, rows * SIZE, 256)
    assert flash["unpadded packed"]["backward"] == blocks(3 * WIDE, rows, rows * SIZE, 256)


def test_float32_is_refused_as_on_a_card(flash: dict[str, Any]) -> None:
    assert "kernel `flash_attn` is not registered" in flash["float32"]


def test_memory_efficient_attention() -> None:
    told = told_by("""
def attend(q, k, v, test=False):
    outputs = C.memory_efficient_attention(
        q, k, v, None, None, None, None, None, -1, -1, False, 0.0, 0.125, test)
    return outputs
for dtype in ("float16", "float32"):
    step(dtype, attend, *(zeros(2, 1000, 16, 64, dtype=dtype) for _ in range(3)))
with paddle.no_grad():
    step("test", attend, *(zeros(2, 1000, 16, 64) for _ in range(3)), True, backward=False)
lengths = paddle.to_tensor([[900], [1000]], dtype="int32")
heads_first = [zeros(2, 16, 1000, 64, grad=False) for _ in range(3)]
step("variable", I.variable_length_memory_efficient_attention, *heads_first, lengths, lengths,
     backward=False)
""")
    saved = BATCH * HEADS * ROUNDED * 4  # 1000 rounded up to 32 queries is 1024 as well
    rows = BATCH * HEADS * LENGTH * 4
    half, single = told["float16"], told["float32"]
    assert half["outputs"][1] == [[BATCH, HEADS, ROUNDED], "float32", False]
    assert half["outputs"][2] == [[2], "int64", True]
    assert half["kept"] == blocks(WIDE, saved)
    assert half["backward"] == blocks(*[WIDE] * 3, rows, 2 * WIDE)
    assert single["kept"] == blocks(2 * WIDE, saved)
    assert single["backward"] == blocks(*[2 * WIDE] * 3, 2 * WIDE, rows, rows)
    assert told["test"]["kept"] == blocks(WIDE)
    assert told["variable"]["kept"] == blocks(WIDE)


def test_small_norms_are_not_left_to_kernels_of_the_cpu() -> None:
    """Which crash: they take for granted what a GPU's are not called with."""
    told = told_by("""
x, w, w32 = zeros(2, 10, 64), zeros(64), zeros(64, dtype="float32")
result["rms"] = I.fused_rms_norm(x, w, None, 1e-5, 2)[0].shape
result["layer"] = I.fused_layer_norm(x, w32, w32, 1e-5, begin_norm_axis=2)[0].shape
""")
    assert told == {"rms": [2, 10, 64], "layer": [2, 10, 64]}


def test_norms_and_rotary_embedding() -> None:
    told = told_by("""
x, w, w32 = zeros(2, 1000, 4096), zeros(4096), zeros(4096, dtype="float32")
step("rms_norm", lambda: I.fused_rms_norm(x, w, None, 1e-5, 2)[0])
step("layer_norm", lambda: I.fused_layer_norm(x, w32, w32, 1e-5, begin_norm_axis=2)[0],
     backward=False)
if hasattr(C, "fused_rms_norm_ext"):
    step("rms_norm_ext", lambda: C.fused_rms_norm_ext(x, w32, 1e-5)[0])
heads = [zeros(2, 1000, 16, 64) for _ in range(3)]
step("rope", I.fused_rotary_position_embedding, *heads)
step("swiglu", I.swiglu, x)
""")
    wide, rows = TOKENS * 4096 * 2, TOKENS * 4
    assert told["rms_norm"]["kept"] == blocks(wide, rows)
    assert told["rms_norm"]["outputs"][0] == [[BATCH, LENGTH, 4096], "float16", False]
    assert told["layer_norm"]["kept"] == blocks(wide)
    if "rms_norm_ext" in told:
        assert told["rms_norm_ext"]["kept"] == blocks(wide, rows)
    assert told["rope"]["kept"] == blocks(WIDE, WIDE, WIDE)
    assert told["rope"]["backward"] == blocks(WIDE)  # only the query's gradient is asked for
    assert told["swiglu"]["kept"] == blocks(wide // 2)
    assert told["swiglu"]["backward"] == blocks(wide)


def test_fused_linear_layers() -> None:
    told = told_by("""
x, w, b = zeros(2, 1000, 4096), zeros(4096, 1024), zeros(1024)
step("linear", I.fused_linear, x, w, b)
step("relu", lambda: I.fused_linear_activation(x, w, b, activation="relu"))
dout = zeros(2, 1000, 1024)
add = C.fused_linear_param_grad_add
step("new gradients", add, x, dout, None, None, True, True, backward=False)
sums = paddle.zeros([4096, 1024], "float32"), paddle.zeros([1024], "float32")
step("old gradients", add, x, dout, *sums, True, True, backward=False)
step("no bias", add, x, dout, sums[0], None, True, False, backward=False)
step("bias and activation", lambda: I.fused_bias_act(x, zeros(4096), act_method="gelu"),
     backward=False)
weight, scale = paddle.nn.quant.weight_quantize(
    zeros(4096, 1024, grad=False), algo="weight_only_int8", arch=80)
result["quantized"] = [list(weight.shape), str(weight.dtype), list(scale.shape)]
step("int8", C.weight_only_linear, x, weight, None, scale, "int8", 80, -1)
step("llm.int8", C.llm_int8_linear, x, weight, None, scale.astype("float32"), 6.0, backward=False)
""")
    out, weight, bias = TOKENS * 1024 * 2, 4096 * 1024 * 2, 1024 * 2
    assert told["linear"]["kept"] == blocks(out)
    assert told["linear"]["backward"] == blocks(2 * TOKENS * 4096, weight, bias)
    assert told["relu"]["outputs"][0] == [[BATCH, LENGTH, 1024], "float16", False]
    assert told["new gradients"]["kept"] == blocks(2 * weight, 2 * bias)  # in float32
    assert told["old gradients"]["kept"] == 0
    assert told["no bias"]["kept"] == 0
    assert told["bias and activation"]["forward"] == blocks(2 * TOKENS * 4096, 2 * 4096)
    assert told["quantized"] == [[1024, 4096], "paddle.int8", [1024]]
    assert told["int8"]["kept"] == told["llm.int8"]["kept"] == blocks(out)
    assert told["int8"]["backward"] == blocks(2 * TOKENS * 4096)


def test_bias_dropout_residual_and_norm_in_one() -> None:
    told = told_by("""
x, bias, norm = zeros(2, 1000, 4096), zeros(4096), zeros(4096, dtype="float32")
step("fused", I.fused_bias_dropout_residual_layer_norm, x, x, bias, norm, norm)
step("add", C.fused_dropout_add, x, x, None, 0.1, False, "upscale_in_train", 0, False)
x32 = zeros(8, 64, 32, 32, dtype="float32")
layer = paddle.nn.SyncBatchNorm(64)
step("sync_batch_norm", layer, x32)
""")
    wide, rows = TOKENS * 4096 * 2, TOKENS * 4
    # Output and residual in half precision, a mask of bytes, mean and variance of each row.
    assert told["fused"]["kept"] == blocks(wide, wide, wide // 2, rows, rows)
    assert told["add"]["kept"] == blocks(wide)
    assert told["add"]["outputs"][1] == [[2], "int64", True]
    # The mean and variance of the batch are saved; the running ones are there already.
    assert told["sync_batch_norm"]["kept"] == blocks(8 * 64 * 32 * 32 * 4, 64 * 4, 64 * 4)


def test_fused_transformer_layers_and_optimizers_train() -> None:
    told = told_by("""
from paddle.incubate import nn as fused
x = zeros(2, 128, 512, dtype="float32")
for before in (True, False):
    layer = fused.FusedTransformerEncoderLayer(512, 8, 2048, normalize_before=before)
    out = layer(x)
    out.mean().backward()
    result[f"layer {before}"] = [list(out.shape), all(p.grad is not None for p in
        layer.parameters() if "ln" not in p.name)]
result["parameters"] = sum(p.size for p in layer.parameters())
for kind in (paddle.optimizer.Adam, paddle.optimizer.Momentum):
    model = paddle.nn.Linear(512, 512)
    before = statistics.allocated_bytes()
    optimizer = kind(parameters=model.parameters(), use_multi_tensor=True)
    model(x).mean().backward()
    optimizer.step()
    optimizer.clear_grad()
    result[kind.__name__] = statistics.allocated_bytes() - before
""")
    assert told["layer True"] == told["layer False"] == [[2, 128, 512], True]
    state = blocks(512 * 512 * 4) + blocks(512 * 4)
    scalars = told["Adam"] - 2 * state, told["Momentum"] - state
    # Two moments and one velocity; the learning rate and the gradients set to zero are small.
    assert all(0 <= rest <= state + 4096 for rest in scalars)


def test_a_kernel_that_the_cpu_refuses_is_not_computed_there() -> None:
    told = told_by("""
label = paddle.to_tensor([1, 2, 3, 0])
step("margin", lambda: F.margin_cross_entropy(zeros(4, 8, dtype="float32"), label))
""")
    assert told["margin"]["outputs"][0][1] == "float32"


def test_a_kernel_that_is_not_there_is_an_error_that_names_it() -> None:
    told = told_by("""
from estimator.drystep.child.user_code import failure_of
def failure(operator, *inputs):
    try:
        operator(*inputs)
    except Exception as error:
        return str(failure_of(error, Path("model.py")))
q = zeros(1, 8, 2, 8, dtype="float32")
result["type"] = failure(C.flash_attn, q, q, q, None, None, 0.0, True, False, False, "")
matrix = paddle.sparse.sparse_coo_tensor([[0, 1], [1, 0]], [1.0, 2.0], [2, 2])
result["sparse"] = failure(C.sparse_acos, matrix)
result["legacy"] = failure(paddle._legacy_C_ops.fused_gate_attention)
""")
    assert "the virtual GPU has no kernel `flash_attn` for float32, as on a GPU" in told["type"]
    assert "bfloat16, float16" in told["type"]
    assert "the virtual GPU has no kernel `acos_coo`" in told["sparse"]
    assert "the virtual GPU has no kernel `fused_gate_attention`" in told["legacy"]
    assert all("try: --device cpu" in line for line in told.values())
