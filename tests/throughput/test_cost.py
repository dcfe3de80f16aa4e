from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimator.drystep.measurement import KernelUse, Phase, TensorSpec
from estimator.throughput.cost import kernel_cost
from estimator.throughput.kernel_class import KernelClass
from tests.throughput.conftest import make_use


def test_matmul_counts_two_flops_a_multiply_add() -> None:
    # [64, 128] x [128, 256]: 2 * 64 * 128 * 256 FLOPs; (64*128 + 128*256 + 64*256) * 4 bytes.
    cost = kernel_cost(make_use("matmul", [(64, 128), (128, 256)], [(64, 256)]))
    assert cost.flops == 2 * 64 * 128 * 256
    assert cost.bytes == (64 * 128 + 128 * 256 + 64 * 256) * 4


@pytest.mark.parametrize(
    ("x", "y", "out"),
    [
        ((4, 64, 128), (4, 128, 256), (4, 64, 256)),
        ((4, 64, 128), (4, 256, 128), (4, 64, 256)),  # y transposed
        ((4, 128, 64), (4, 128, 256), (4, 64, 256)),  # x transposed
        ((4, 64, 128), (128, 256), (4, 64, 256)),  # one weight for the batch
        ((4, 64, 128), (1, 128, 256), (4, 64, 256)),  # broadcast batch of one
    ],
)
def test_matmul_flops_do_not_depend_on_transposes(x: object, y: object, out: object) -> None:
    cost = kernel_cost(make_use("matmul", [x, y], [out]))  # type: ignore[list-item]
    assert cost.flops == pytest.approx(2 * 4 * 64 * 128 * 256)


sides = st.integers(1, 8).map(lambda n: 32 * n)


@given(b=st.integers(1, 9), m=sides, n=sides, k=sides, tx=st.booleans(), ty=st.booleans())
def test_batched_matmul_flops(b: int, m: int, n: int, k: int, tx: bool, ty: bool) -> None:
    x = (b, k, m) if tx else (b, m, k)
    y = (b, n, k) if ty else (b, k, n)
    assert kernel_cost(make_use("matmul", [x, y], [(b, m, n)])).flops == pytest.approx(
        2 * b * m * n * k, rel=0.01
    )


def test_a_narrow_matrix_fills_whole_tiles() -> None:
    # 8 columns take the time of 32: 2 * 64 * 128 * 32.
    cost = kernel_cost(make_use("matmul", [(64, 128), (128, 8)], [(64, 8)]))
    assert cost.flops == pytest.approx(2 * 64 * 128 * 32)


def test_a_gradient_costs_one_product_for_each_operand_that_needs_one() -> None:
    shapes = [(64, 128), (128, 256), (64, 256)]
    both = kernel_cost(make_use("matmul_grad", shapes, [(64, 128), (128, 256)]))
    frozen = kernel_cost(make_use("matmul_grad", shapes, [(64, 128)]))
    assert both.flops == 2 * frozen.flops == 4 * 64 * 128 * 256
    assert both.launches == 2


def test_addmm_multiplies_its_second_and_third_input() -> None:
    use = make_use("addmm", [(64, 256), (64, 128), (128, 256)], [(64, 256)])
    assert kernel_cost(use).flops == 2 * 64 * 128 * 256


def test_convolution_flops_and_the_stem_of_resnet() -> None:
    # 3x3, 64 -> 128 channels, 56x56 out, batch 2: 2 * 2*128*56*56 * 64*9.
    use = make_use("conv2d", [(2, 64, 56, 56), (128, 64, 3, 3)], [(2, 128, 56, 56)])
    assert kernel_cost(use).flops == 2 * (2 * 128 * 56 * 56) * 64 * 9
    grad = make_use(
        "conv2d_grad",
        [(2, 64, 56, 56), (128, 64, 3, 3), (2, 128, 56, 56)],
        [(2, 64, 56, 56), (128, 64, 3, 3)],
    )
    assert kernel_cost(grad).flops == 2 * kernel_cost(use).flops


def test_only_channels_first_convolutions_change_layout() -> None:
    first = make_use("conv2d", [(2, 64, 8, 8), (128, 64, 1, 1)], [(2, 128, 8, 8)])
    last = make_use("conv2d", [(2, 8, 8, 64), (128, 64, 1, 1)], [(2, 8, 8, 128)])
    # Two passes over input and output: 2 * (2*64*64 + 2*128*64) elements of 4 bytes.
    assert kernel_cost(first).layout_bytes == 2 * (2 * 64 * 64 + 2 * 128 * 64) * 4
    assert kernel_cost(last).layout_bytes == 0


def test_grouped_depthwise_and_transposed_convolutions() -> None:
    depthwise = make_use("depthwise_conv2d", [(1, 32, 8, 8), (32, 1, 3, 3)], [(1, 32, 8, 8)])
    assert kernel_cost(depthwise).flops == 2 * (32 * 64) * 9
    # Each of 16*4*4 inputs meets 8 output channels of 2x2.
    up = make_use("conv2d_transpose", [(1, 16, 4, 4), (16, 8, 2, 2)], [(1, 8, 8, 8)])
    assert kernel_cost(up).flops == 2 * (16 * 16) * 8 * 4
    assert kernel_cost(up).kernel_class is KernelClass.CONVOLUTION


def test_attention_flops() -> None:
    # 4 B H S S D = 4 * 2 * 8 * 128 * 128 * 64; half of it with a causal mask.
    q = (2, 128, 8, 64)
    full = 4 * 2 * 8 * 128 * 128 * 64
    plain = make_use("flash_attn", [q, q, q], [q], "float16", attributes={"1": False})
    causal = make_use("flash_attn", [q, q, q], [q], "float16", attributes={"1": True})
    grad = make_use("flash_attn_grad", [q] * 5, [q] * 3, "float16", attributes={"1": True})
    assert kernel_cost(plain).flops == full
    assert kernel_cost(causal).flops == full / 2
    assert kernel_cost(grad).flops == 2.5 * full / 2


def test_packed_attention_splits_its_tokens_over_the_sequences() -> None:
    # 256 tokens in 4 sequences of 64: 4 * 4 * 8 * 64 * 64 * 32.
    q, offsets = (256, 8, 32), TensorSpec((5,), "int32")
    big = TensorSpec(q, "bfloat16")
    use = KernelUse("flash_attn_unpadded", Phase.FORWARD, (big, big, big, offsets), (big,))
    assert kernel_cost(use).flops == 4 * 4 * 8 * 64 * 64 * 32


def test_an_lstm_layer_multiplies_all_weights_at_every_time_step() -> None:
    # T 10, B 4, I 32, H 64: weights [256, 32] and [256, 64].
    use = make_use("rnn", [(10, 4, 32), (1, 4, 64), (256, 32), (256, 64), (256,)], [(10, 4, 64)])
    cost = kernel_cost(use)
    assert cost.flops == 2 * 10 * 4 * (256 * 32 + 256 * 64)
    assert cost.launches == 10


def test_batch_norm_reads_its_input_twice() -> None:
    x = (2, 4, 8, 8)
    assert kernel_cost(make_use("batch_norm", [x], [x])).bytes == 3 * math.prod(x) * 4
    grad = make_use("batch_norm_grad", [x, x], [x])
    assert kernel_cost(grad).bytes == 5 * math.prod(x) * 4


def test_embedding_reads_the_rows_it_gathers_only() -> None:
    ids, table, rows = TensorSpec((8,), "int64"), (30000, 16), (8, 16)
    use = KernelUse(
        "embedding",
        Phase.FORWARD,
        (ids, TensorSpec(table, "float32")),
        (TensorSpec(rows, "float32"),),
    )
    assert kernel_cost(use).bytes == 2 * 8 * 16 * 4 + 8 * 8


def test_the_gradient_of_an_addition_is_not_copied_for_its_first_operand() -> None:
    x, bias = (64, 32), (32,)
    assert kernel_cost(make_use("add_grad", [x, bias, x], [x, bias])).bytes == (64 * 32 + 32) * 4
    assert kernel_cost(make_use("add_grad", [x, x, x], [x])).bytes == 0


def test_an_unlisted_kernel_reads_inputs_and_writes_outputs() -> None:
    cost = kernel_cost(make_use("brand_new_kernel", [(8, 4), (4,)], [(8, 4)], "bfloat16"))
    assert cost.kernel_class is KernelClass.OTHER
    assert cost.bytes == (32 + 4 + 32) * 2


def test_views_cost_nothing() -> None:
    cost = kernel_cost(make_use("reshape", [(8, 4)], [(32,)]))
    assert (cost.flops, cost.bytes, cost.launches) == (0, 0, 0)


@pytest.mark.parametrize("name", ["matmul", "matmul_grad", "conv2d_grad", "rnn", "flash_attn"])
@pytest.mark.parametrize("shapes", [[], [(2, 3)]])
def test_a_record_with_missing_tensors_does_not_fail(name: str, shapes: list[object]) -> None:
    cost = kernel_cost(make_use(name, shapes, shapes))  # type: ignore[arg-type]
    assert cost.flops == 0


@pytest.mark.parametrize("shape", [(-1,), (0, 4), ()])
def test_unknown_and_empty_dimensions_are_not_negative(shape: tuple[int, ...]) -> None:
    cost = kernel_cost(make_use("relu", [shape], [shape], "no_such_dtype"))
    assert cost.bytes >= 0
