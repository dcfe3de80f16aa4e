"""What a run makes use of that the virtual GPU does not do as a card does, said in its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import paddle
from paddle.distributed import fleet

from estimator.drystep.child.allocator import flag, strategy
from estimator.drystep.child.notes import notes, noting
from estimator.drystep.child.virtual import BOUNDLESS
from estimator.drystep.measurement import CONV_WORKSPACE_LIMIT_BYTES
from estimator.messages import sentence
from estimator.units import MIB

_SPARSE = sentence(
    "sparse tensors (COO, CSR) are handled by Paddle's CPU kernels: their memory on a card is not "
    "counted"
)
_POOLS = {
    "FLAGS_use_cuda_managed_memory": False,
    "FLAGS_use_virtual_memory_auto_growth": False,
    "FLAGS_use_cuda_malloc_async_allocator": False,
}
"""Flags of allocators that a custom device does not have, with their defaults."""

_MODELLED = ("auto_growth", "naive_best_fit")


def watch_sparse_tensors() -> None:
    """From now on the making of a sparse tensor is noted. It cannot be undone."""
    for owner, name in (
        (paddle.sparse, "sparse_coo_tensor"),
        (paddle.sparse, "sparse_csr_tensor"),
        (paddle.Tensor, "to_sparse_coo"),
        (paddle.Tensor, "to_sparse_csr"),
    ):
        setattr(owner, name, noting(_SPARSE, getattr(owner, name)))


def sparse_layers(layers: Iterable[paddle.nn.Layer]) -> int:
    """How many layers among these and within them give sparse gradients."""
    within = {id(one): one for layer in layers for one in layer.sublayers(include_self=True)}
    return sum(bool(getattr(layer, "_sparse", False)) for layer in within.values())


def on_sparse_gradients(layers: int) -> Iterator[str]:
    """What Paddle's CPU kernels do in place of ours, for so many layers."""
    if layers:
        yield sentence(
            "layers with sparse gradients: {count}; Paddle's CPU kernels handle those, so their "
            "memory is not counted",
            count=layers,
        )


def noted() -> tuple[str, ...]:
    """Everything to say, at the end of a run."""
    return (*notes(), *_on_flags(), *_on_fleet())


def workspace_limit() -> int:
    """Bytes of scratch that a convolution may take: ``FLAGS_conv_workspace_size_limit`` in MB.

    Below zero it is what the device has left (paddle/phi/backends/gpu/cuda/cudnn_workspace_helper).
    """
    said = flag("FLAGS_conv_workspace_size_limit", CONV_WORKSPACE_LIMIT_BYTES // MIB)
    megabytes = int(said)
    return BOUNDLESS if megabytes < 0 else megabytes * MIB


def _on_flags() -> Iterator[str]:
    limit = workspace_limit()
    if limit not in (CONV_WORKSPACE_LIMIT_BYTES, BOUNDLESS):
        yield sentence(
            "FLAGS_conv_workspace_size_limit={limit}: scratch of a convolution is at most that",
            limit=limit // MIB,
        )
    if _is_on("FLAGS_cudnn_exhaustive_search"):
        yield sentence(
            "FLAGS_cudnn_exhaustive_search tries every algorithm in the first step, with scratch "
            "up to FLAGS_conv_workspace_size_limit: only the upper bound of the memory allows for "
            "it"
        )
    if strategy() not in _MODELLED:
        yield sentence(
            "FLAGS_allocator_strategy={strategy} is not modelled: reserved memory is that of "
            "auto_growth",
            strategy=strategy(),
        )
    for name, usual in _POOLS.items():
        if flag(name, usual) != usual:
            yield sentence("{flag} is not modelled", flag=name)


def _on_fleet() -> Iterator[str]:
    """What Fleet's strategy asks for in vain: only programs of static graphs have it."""
    strategy = getattr(fleet.fleet, "_user_defined_strategy", None)
    if getattr(strategy, "gradient_merge", False):
        yield sentence(
            "strategy.gradient_merge has no effect in dynamic graph mode, in Paddle as here: every "
            "step updates the parameters"
        )


def _is_on(name: str) -> bool:
    return str(flag(name, False)).lower() in ("1", "true")
