"""Arithmetic and memory traffic of one kernel launch, from shapes and dtypes alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from estimator.drystep.measurement import KernelUse, TensorSpec
from estimator.throughput import kernel_class as kinds
from estimator.throughput.kernel_class import KernelClass

_DTYPE_BYTES = {
    "float64": 8,
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int64": 8,
    "int32": 4,
    "int16": 2,
    "int8": 1,
    "uint8": 1,
    "bool": 1,
    "complex64": 8,
    "complex128": 16,
    "float8_e4m3fn": 1,
    "float8_e5m2": 1,
}
_TILE = 32
"""Smallest tile edge of a matrix kernel; a narrower matrix keeps part of the unit idle."""
_GRADIENT_OF_ATTENTION = 2.5
"""Backward over forward arithmetic of flash attention, which recomputes the scores: five
matrix products against two (Dao et al. 2022, arXiv 2205.14135, appendix B)."""
_READS_OUTPUT_GRADIENT_ONLY = kinds.names(
    """
    bicubic_interp bilinear_interp cast concat expand expand_as linear_interp mean mean_all
    nearest_interp pad pad3d repeat_interleave roll scale slice split split_with_num stack
    strided_slice sum tile transpose trilinear_interp unbind
    """
)
_GIVES_ITS_GRADIENT_ON = frozenset({"add", "subtract"})
"""Their first operand's gradient takes over the buffer of the result's (inplace in Paddle)."""
_TWO_PASS_NORMS = kinds.names("batch_norm group_norm instance_norm sync_batch_norm")
_ONE_PASS_NORMS = kinds.names("fused_layernorm layer_norm rms_norm")


@dataclass(frozen=True, slots=True)
class KernelCost:
    """What one launch costs: FLOPs, bytes to and from device memory, and the dtype it
    computes in. A multiply-add counts as two FLOPs. ``launches`` is 0 for a view.

    ``layout_bytes``: what cuDNN moves to turn channels-first tensors into the channels-last
    form its tensor-core convolutions work on, and back; 0 for anything else.
    """

    kernel_class: KernelClass
    dtype: str
    flops: float
    bytes: float
    layout_bytes: float
    launches: int


def kernel_cost(use: KernelUse) -> KernelCost:
    """The cost of one launch; an unlisted kernel reads its inputs and writes its outputs once."""
    name = kinds.base_name(use.name)
    if name in kinds.VIEWS:
        return KernelCost(KernelClass.DATA_MOVEMENT, "float32", 0.0, 0.0, 0.0, 0)
    kernel_class = kinds.classify(use.name)
    return KernelCost(
        kernel_class=kernel_class,
        dtype=_compute_dtype(use),
        flops=_flops(use, kernel_class),
        bytes=_traffic(use, kernel_class),
        layout_bytes=_layout_traffic(use, kernel_class),
        launches=_launches(use, kernel_class),
    )


def _launches(use: KernelUse, kernel_class: KernelClass) -> int:
    """Device kernels one launch becomes: a product for each gradient, a cell for each step."""
    products = 2 if kinds.is_gradient(use.name) and kernel_class in kinds.MATRIX_CLASSES else 1
    if kernel_class is KernelClass.RNN and use.inputs:
        layers = max(1, sum(1 for t in use.inputs[1:] if len(t.shape) == 2) // 2)
        return products * layers * max(1, use.inputs[0].shape[0])
    return products


def _layout_traffic(use: KernelUse, kernel_class: KernelClass) -> float:
    """Two passes over each channels-first image tensor of a convolution, see KernelCost."""
    if kernel_class is not KernelClass.CONVOLUTION or not use.outputs or len(use.inputs) < 2:
        return 0.0
    images = [t for t in (use.inputs[0], use.inputs[-1], use.outputs[0]) if len(t.shape) == 4]
    if not kinds.is_gradient(use.name):
        images = [use.inputs[0], use.outputs[0]]
    channels_first = _result(use).shape[1:2] == _filter(use).shape[:1]
    return 2 * _bytes(images) if channels_first else 0.0


def _flops(use: KernelUse, kernel_class: KernelClass) -> float:
    if kernel_class not in kinds.MATRIX_CLASSES:
        return float(sum(map(_elements, use.outputs)))
    name = kinds.base_name(use.name)
    if name in kinds.TRANSPOSED_CONVOLUTION:
        forward: Callable[[KernelUse], float] = _transposed_convolution_flops
    else:
        forward = _FORWARD_FLOPS[kernel_class]
    if len(use.inputs) < 2 or not use.outputs:
        return 0.0
    return forward(use) * _gradient_factor(use, kernel_class)


def _gradient_factor(use: KernelUse, kernel_class: KernelClass) -> float:
    """Matrix products of the kernel over those of its forward pass.

    A gradient costs one product for each operand that needs one (a frozen weight does not).
    """
    if not kinds.is_gradient(use.name):
        return 1.0
    if kernel_class is KernelClass.ATTENTION:
        return _GRADIENT_OF_ATTENTION
    if kernel_class is KernelClass.RNN:
        return 2.0
    return float(sum(1 for t in use.outputs if len(t.shape) >= 2))


def _result(use: KernelUse) -> TensorSpec:
    """The forward output: the output gradient, the last big input, of a gradient kernel."""
    return use.inputs[-1] if kinds.is_gradient(use.name) else use.outputs[0]


def _matmul_flops(use: KernelUse) -> float:
    """2 M N K per batch item, whichever operand is transposed.

    With x of B M K elements, y of B K N and the result of B M N, the inner size is
    K = sqrt(|x| |y| / (|result| B)); B counts the batch dimensions both operands share.
    """
    x, y = _operands(use)
    result = _result(use)
    if not (_elements(x) and _elements(y) and _elements(result)):
        return 0.0
    pairs = zip(reversed(x.shape[:-2]), reversed(y.shape[:-2]), strict=False)
    batch = math.prod(min(a, b) for a, b in pairs)
    inner = math.sqrt(_elements(x) * _elements(y) / (_elements(result) * batch))
    rows = x.shape[-2] if len(x.shape) > 1 else 1
    columns = result.shape[-1] if result.shape else 1
    return 2 * _elements(result) * inner * _padding(inner) * _padding(columns) * _padding(rows)


def _operands(use: KernelUse) -> tuple[TensorSpec, TensorSpec]:
    name = kinds.base_name(use.name)
    if name in {"addmm", "baddbmm"} and len(use.inputs) > 2:
        return use.inputs[1], use.inputs[2]
    return use.inputs[0], use.inputs[1]


def _convolution_flops(use: KernelUse) -> float:
    """2 |output| Cin/groups Kh Kw; Paddle's filter is [Cout, Cin/groups, Kh, Kw] in any layout."""
    filter_shape = _filter(use).shape
    inner = math.prod(filter_shape[1:])
    return 2.0 * _elements(_result(use)) * inner * _padding(inner) * _padding(filter_shape[0])


def _depthwise_flops(use: KernelUse) -> float:
    return 2.0 * _elements(_result(use)) * math.prod(_filter(use).shape[1:])


def _transposed_convolution_flops(use: KernelUse) -> float:
    """2 |input| Cout/groups Kh Kw; Paddle's filter is [Cin, Cout/groups, Kh, Kw]."""
    return 2.0 * _elements(use.inputs[0]) * math.prod(_filter(use).shape[1:])


def _filter(use: KernelUse) -> TensorSpec:
    if kinds.base_name(use.name) == "deformable_conv" and len(use.inputs) > 2:
        return use.inputs[2]
    return use.inputs[1]


def _attention_flops(use: KernelUse) -> float:
    """4 B H Sq Sk D, halved where the causal flag (second attribute) is set.

    q is [B, Sq, H, D], or [T, H, D] for packed sequences of equal length, whose number is
    the length of the offsets less one.
    """
    q, k = use.inputs[0].shape, use.inputs[1].shape
    causal = 0.5 if use.attributes.get("1") is True else 1.0
    if len(q) == 4:
        return 4.0 * math.prod(q) * k[1] * causal
    offsets = next((t for t in use.inputs[3:] if len(t.shape) == 1), None)
    sequences = max(1, offsets.shape[0] - 1) if offsets else 1
    return 4.0 * math.prod(q) * k[0] / sequences * causal


def _rnn_flops(use: KernelUse) -> float:
    """2 T B |weights|: every weight meets every time step. x is [T, B, I]."""
    x = use.inputs[0].shape
    weights = sum(_elements(t) for t in use.inputs[1:] if len(t.shape) == 2)
    return 2.0 * math.prod(x[:-1]) * weights


_FORWARD_FLOPS: dict[KernelClass, Callable[[KernelUse], float]] = {
    KernelClass.GEMM: _matmul_flops,
    KernelClass.CONVOLUTION: _convolution_flops,
    KernelClass.DEPTHWISE: _depthwise_flops,
    KernelClass.ATTENTION: _attention_flops,
    KernelClass.RNN: _rnn_flops,
}


def _padding(size: float) -> float:
    """How much larger a side becomes when it is filled up to whole tiles."""
    return math.ceil(size / _TILE) * _TILE / size if size > 0 else 1.0


def _traffic(use: KernelUse, kernel_class: KernelClass) -> float:
    """Bytes read and written, beyond what stays in registers and shared memory."""
    name, written = kinds.base_name(use.name), _bytes(use.outputs)
    if not use.inputs:
        return written
    if kinds.is_gradient(use.name):
        return _gradient_traffic(use, name, kernel_class)
    if kernel_class is KernelClass.EMBEDDING:
        return 2 * written + min(_bytes([t]) for t in use.inputs)
    if name in {"fill", "one_hot"}:
        return written
    second_pass = _bytes(use.inputs[:1]) if name in _TWO_PASS_NORMS else 0
    return _bytes(use.inputs) + written + second_pass


def _gradient_traffic(use: KernelUse, name: str, kernel_class: KernelClass) -> float:
    written, upstream = _bytes(use.outputs), _bytes(use.inputs[-1:])
    if name in _GIVES_ITS_GRADIENT_ON:
        return upstream + _bytes(use.outputs[1:]) if len(use.outputs) > 1 else 0.0
    if name in _READS_OUTPUT_GRADIENT_ONLY:
        return upstream + written
    if kernel_class is KernelClass.EMBEDDING:
        return 3 * upstream + written
    total = _bytes(use.inputs) + written
    if name in _TWO_PASS_NORMS or name in _ONE_PASS_NORMS:
        return total + upstream + _bytes(use.inputs[:1])
    two_products = kernel_class in kinds.MATRIX_CLASSES and len(use.outputs) > 1
    return total + (upstream if two_products else 0)


def _compute_dtype(use: KernelUse) -> str:
    """The dtype the arithmetic runs in: the first operand's, for a mixed kernel."""
    for tensor in (*use.inputs, *use.outputs):
        if tensor.dtype in {"float16", "bfloat16", "float32", "float64"}:
            return tensor.dtype
    return "float32"


@lru_cache(maxsize=1 << 14)
def _elements(tensor: TensorSpec) -> int:
    return max(0, math.prod(tensor.shape))


@lru_cache(maxsize=1 << 14)
def _bytes_of(tensor: TensorSpec) -> int:
    return _elements(tensor) * _DTYPE_BYTES.get(tensor.dtype, 4)


def _bytes(tensors: Sequence[TensorSpec]) -> float:
    return float(sum(map(_bytes_of, tensors)))
