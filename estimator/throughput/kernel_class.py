"""Which kind of work a Paddle kernel does, by its phi kernel name."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class KernelClass(StrEnum):
    """Kinds of kernels that share one efficiency."""

    GEMM = "gemm"
    CONVOLUTION = "convolution"
    DEPTHWISE = "depthwise"
    ATTENTION = "attention"
    RNN = "rnn"
    NORMALISATION = "normalisation"
    ELEMENTWISE = "elementwise"
    REDUCTION = "reduction"
    EMBEDDING = "embedding"
    DATA_MOVEMENT = "data movement"
    OPTIMIZER = "optimizer"
    OTHER = "other"


MATRIX_CLASSES = frozenset(
    {
        KernelClass.GEMM,
        KernelClass.CONVOLUTION,
        KernelClass.DEPTHWISE,
        KernelClass.ATTENTION,
        KernelClass.RNN,
    }
)
"""Classes whose time can be bound by arithmetic; all others are bound by memory traffic."""


def names(words: str) -> frozenset[str]:
    """The set of names in a text, separated by white space."""
    return frozenset(words.split())


GEMM = names(
    """
    addmm baddbmm bilinear bmm dot einsum fc fused_gemm_epilogue fused_linear_param_grad_add
    legacy_matmul linear_v2 matmul matmul_with_flatten multi_dot mv
    """
)
CONVOLUTION = names("conv2d conv3d deformable_conv fused_conv2d_add_act")
TRANSPOSED_CONVOLUTION = names(
    """
    conv2d_transpose conv2d_transpose_bias conv3d_transpose depthwise_conv2d_transpose
    """
)
DEPTHWISE = names("depthwise_conv2d depthwise_conv2d_transpose")
ATTENTION = names(
    """
    flash_attn flash_attn_qkvpacked flash_attn_unpadded flash_attn_varlen_qkvpacked
    flashmask_attention memory_efficient_attention variable_length_memory_efficient_attention
    """
)
RNN = names("cudnn_lstm gru lstm rnn")
VIEWS = names(
    """
    as_strided check_memory_continue data depend empty empty_like feed fetch flatten flatten2
    flatten_with_xshape full_int_array is_empty lod_reset memcpy_d2h memcpy_h2d nop npu_identity
    numel reshape reshape_with_xshape shadow_feed shadow_output shape shape64 share_buffer
    share_data squeeze squeeze_with_xshape unsqueeze unsqueeze_with_xshape view_dtype view_shape
    view_slice
    """
)
"""Kernels that change only the description of a tensor: no launch, no traffic."""

_NORMALISATION = names(
    """
    batch_norm batch_norm_infer fused_bias_residual_layernorm fused_layernorm group_norm
    instance_norm layer_norm log_softmax norm renorm rms_norm softmax spectral_norm
    sync_batch_norm fused_softmax_mask fused_softmax_mask_upper_triangle
    cross_entropy_with_softmax c_softmax_with_cross_entropy fused_bn_add_activation
    fused_batch_norm_act lrn
    """
)
_REDUCTION = names(
    """
    all amax amin any argmax argmin argsort frobenius_norm kldiv_loss logsumexp max mean
    mean_all median min mode nll_loss nonzero p_norm pool2d pool3d max_pool2d_with_index
    max_pool3d_with_index prod reduce_as squared_l2_norm std sum topk var
    check_finite_and_unscale cumsum cumprod bce_loss huber_loss l1_norm warpctc warprnnt
    roi_align
    """
)
_EMBEDDING = names(
    """
    c_embedding embedding gather gather_nd index_add index_elementwise_get index_elementwise_put
    index_put index_sample index_select lookup_table put_along_axis scatter scatter_nd_add
    take_along_axis masked_select
    """
)
_DATA_MOVEMENT = names(
    """
    add_n assign assign_value bicubic_interp bilinear_interp broadcast broadcast_tensors
    c_concat c_split channel_shuffle coalesce_tensor concat contiguous crop expand expand_as
    fill flip fold full full_batch_size_like full_like full_with_tensor gaussian grid_sample
    linear_interp meshgrid nearest_interp one_hot pad pad3d pixel_shuffle pixel_unshuffle
    randint randperm repeat_interleave reverse roll set_value slice split split_with_num stack
    strided_copy strided_slice temporal_shift tile trans_layout transfer_layout transpose tril
    triu trilinear_interp truncated_gaussian_random unbind unfold uniform unstack arange
    """
)
_OPTIMIZER = names(
    """
    adadelta adagrad adam adamax adamw asgd average_accumulates decayed_adagrad dgc_momentum
    dpsgd ftrl fused_adam lamb lars_momentum merged_adam merged_momentum momentum nadam radam
    rmsprop rprop sgd sparse_momentum update_loss_scaling clip_by_norm
    """
)
_ELEMENTWISE = names(
    """
    abs acos add affine_channel asin atan bernoulli bitwise_and bitwise_not bitwise_or
    bitwise_xor cast ceil celu clip complex cos cosh divide dropout elementwise_pow elu equal
    erf exp expm1 floor floor_divide fmax fmin fused_bias_act
    fused_bias_dropout_residual_layer_norm fused_dropout_add fused_elemwise_activation
    fused_elemwise_add_activation fused_rotary_position_embedding gelu grad_add greater_equal
    greater_than hard_shrink hardsigmoid hardswish hardtanh increment isfinite isinf isnan
    label_smooth leaky_relu lerp less_equal less_than log log10 log1p log2 logical_and
    logical_not logical_or logical_xor logit logsigmoid masked_fill maximum minimum mish
    multiply negative not_equal pow prelu reciprocal relu relu6 remainder round rrelu rsqrt
    scale selu sigmoid sigmoid_cross_entropy_with_logits sign silu sin sinh softplus softshrink
    softsign sqrt square stanh subtract swiglu swish tan tanh tanh_shrink trunc where
    """
)
_SUFFIXES = (
    "_dense_param_sparse_grad",
    "_double_grad",
    "_triple_grad",
    "_grad",
    "_raw",
    "_",
)
_MEMBERS = {
    KernelClass.GEMM: GEMM,
    KernelClass.CONVOLUTION: CONVOLUTION | TRANSPOSED_CONVOLUTION - DEPTHWISE,
    KernelClass.DEPTHWISE: DEPTHWISE,
    KernelClass.ATTENTION: ATTENTION,
    KernelClass.RNN: RNN,
    KernelClass.NORMALISATION: _NORMALISATION,
    KernelClass.REDUCTION: _REDUCTION,
    KernelClass.EMBEDDING: _EMBEDDING,
    KernelClass.DATA_MOVEMENT: _DATA_MOVEMENT,
    KernelClass.OPTIMIZER: _OPTIMIZER,
    KernelClass.ELEMENTWISE: _ELEMENTWISE,
}
_BY_NAME = {name: kind for kind, members in _MEMBERS.items() for name in members}

_by_name = lru_cache(maxsize=1 << 12)
"""Of thousands of launches, those of the same kernel are looked up once."""


@_by_name
def base_name(kernel: str) -> str:
    """The forward kernel's name: ``conv2d`` of ``conv2d_grad``, ``add`` of ``add_raw``."""
    for suffix in _SUFFIXES:
        if kernel.endswith(suffix) and kernel not in _BY_NAME:
            return kernel.removesuffix(suffix)
    return kernel


@_by_name
def is_gradient(kernel: str) -> bool:
    """Whether the kernel computes gradients of a forward kernel."""
    return kernel.endswith("_grad") and kernel not in _BY_NAME


@_by_name
def classify(kernel: str) -> KernelClass:
    """The class of a phi kernel; ``OTHER`` for a name that is not listed."""
    return _BY_NAME.get(base_name(kernel), KernelClass.OTHER)
