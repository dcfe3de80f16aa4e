from __future__ import annotations

import gzip
import json

import pytest

from estimator.throughput import kernel_class as kinds
from estimator.throughput.kernel_class import KernelClass, base_name, classify, is_gradient
from tests.throughput.conftest import DATA


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        ("matmul", KernelClass.GEMM),
        ("matmul_grad", KernelClass.GEMM),
        ("conv2d_double_grad", KernelClass.CONVOLUTION),
        ("depthwise_conv2d_transpose", KernelClass.DEPTHWISE),
        ("conv2d_transpose_grad", KernelClass.CONVOLUTION),
        ("flash_attn", KernelClass.ATTENTION),
        ("cudnn_lstm", KernelClass.RNN),
        ("batch_norm_grad", KernelClass.NORMALISATION),
        ("sync_batch_norm_", KernelClass.NORMALISATION),
        ("add_raw", KernelClass.ELEMENTWISE),
        ("adamw_dense_param_sparse_grad", KernelClass.OPTIMIZER),
        ("embedding_grad", KernelClass.EMBEDDING),
        ("contiguous", KernelClass.DATA_MOVEMENT),
        ("viterbi_decode", KernelClass.OTHER),
        ("", KernelClass.OTHER),
    ],
)
def test_names_fall_into_their_class(kernel: str, expected: KernelClass) -> None:
    assert classify(kernel) is expected


def test_a_name_that_ends_in_grad_but_is_its_own_kernel_is_no_gradient() -> None:
    assert base_name("fused_linear_param_grad_add") == "fused_linear_param_grad_add"
    assert base_name("grad_add") == "grad_add"
    assert not is_gradient("grad_add")
    assert is_gradient("relu_grad")


def test_no_name_is_in_two_classes() -> None:
    members = list(kinds._MEMBERS.values())
    assert sum(map(len, members)) == len(frozenset().union(*members))


def test_every_kernel_of_the_published_workloads_is_known() -> None:
    with gzip.open(DATA / "kernel_records.json.gz", "rt", encoding="utf-8") as stream:
        names = {use[0] for uses in json.load(stream).values() for use in uses}
    unknown = {n for n in names if classify(n) is KernelClass.OTHER} - kinds.VIEWS
    assert not unknown
