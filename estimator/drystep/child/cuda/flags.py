"""``paddle.set_flags`` and ``get_flags`` for flags that only CUDA builds know."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import paddle
from paddle.base import core

from estimator.drystep.child.cuda.replace import replace_everywhere

_DEFAULTS: Mapping[str, Any] = {
    "FLAGS_conv2d_disable_cudnn": False,
    "FLAGS_conv_workspace_size_limit": 512,
    "FLAGS_cudnn_exhaustive_search": False,
    "FLAGS_cudnn_deterministic": False,
    "FLAGS_cudnn_batchnorm_spatial_persistent": False,
    "FLAGS_embedding_deterministic": 0,
    "FLAGS_gemm_use_half_precision_compute_type": False,
    "FLAGS_enable_cublas_tensor_op_math": False,
    "FLAGS_flash_attn_available": True,
    "FLAGS_flash_attn_version": 2,
    "FLAGS_mem_efficient_attn_available": True,
    "FLAGS_nccl_nrings": 1,
    "FLAGS_selected_gpus": "",
    "FLAGS_sync_nccl_allreduce": True,
}
"""Paddle 3.3's defaults of those that training scripts read."""


def let_flags_be_set() -> None:
    """Remember flags that this build does not know instead of raising ValueError for them."""
    own_set, own_get = paddle.set_flags, paddle.get_flags
    remembered: dict[str, Any] = {}
    known: set[str] = set()

    def set_flags(flags: Mapping[str, Any]) -> None:
        for name, value in flags.items():
            if _knows(own_get, name):
                own_set({name: value})
            else:
                remembered[name] = value

    def get_flags(flags: str | list[str] | tuple[str, ...]) -> dict[str, Any]:
        names = [flags] if isinstance(flags, str) else flags
        return {name: value_of(name) for name in names}

    def value_of(name: str) -> Any:
        if name in known:  # whether a flag may be read takes Paddle long to find out, and stays
            return core.globals()[name]
        if name in remembered:
            return remembered[name]
        if name in _DEFAULTS:
            return os.environ.get(name, _DEFAULTS[name])
        value = own_get(name)[name]
        known.add(name)
        return value

    replace_everywhere({"set_flags": set_flags, "get_flags": get_flags}, paddle)


def _knows(own_get: Any, name: str) -> bool:
    try:
        own_get(name)
    except ValueError:
        return False
    return True
