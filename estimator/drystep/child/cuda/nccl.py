"""NCCL's part of Paddle's core, done by the virtual GPU's own collectives."""

from __future__ import annotations

from typing import Any

from paddle.base import core
from paddle.distributed.fleet.base import topology
from paddle.distributed.fleet.base.topology import HybridCommunicateGroup

from estimator.drystep.child.virtual import DEVICE_TYPE


class ProcessGroupNCCL:
    """Stands in for the class of that name: makes groups of the virtual GPU."""

    @staticmethod
    def create(store: Any, rank: int, world_size: int, group_id: int, *_: object) -> Any:
        return core.ProcessGroupCustom.create(store, DEVICE_TYPE, rank, world_size, group_id)


class NCCLConfig:
    """Stands in for the class of that name; how NCCL goes about it makes no difference here."""

    @staticmethod
    def create(**_: object) -> NCCLConfig:
        return NCCLConfig()


def create_nccl_comm_context(store: Any, ring: str, rank: int, world_size: int, *_: object) -> None:
    """Stands in for ``core.CommContextManager.create_nccl_comm_context``."""
    place = core.Place()
    place.set_place(core.CustomPlace(DEVICE_TYPE, 0))
    core.CommContextManager.create_xccl_comm_context(store, ring, place, rank, world_size, "")


_REDUCTIONS = (
    "all_reduce",
    "all_reduce_on_calc_stream",
    "allreduce",
    "reduce",
    "reduce_on_calc_stream",
    "reduce_scatter",
    "reduce_scatter_on_calc_stream",
    "reduce_scatter_tensor",
    "reduce_scatter_tensor_on_calc_stream",
)


def _average_too(name: str) -> None:
    """Let a reduction take averages, which custom devices lack: those of equal ranks are maxima."""
    original = getattr(core.ProcessGroupCustom, name)

    def reduce(*args: Any, **kwargs: Any) -> Any:
        def known(value: Any) -> Any:
            return core.ReduceOp.MAX if _is_average(value) else value

        named = {key: known(value) for key, value in kwargs.items()}
        return original(*map(known, args), **named)

    setattr(core.ProcessGroupCustom, name, reduce)


def _is_average(value: Any) -> bool:
    return isinstance(value, core.ReduceOp) and value == core.ReduceOp.AVG


def _explain_degrees() -> None:
    """Say what is wrong where Fleet's degrees do not make the job's ranks; Paddle lists figures."""
    own = HybridCommunicateGroup._check_valid_topo

    def check(group: Any) -> bool:
        if own(group):
            return True
        layout = group._topo
        axes = zip(layout.get_hybrid_group_names(), layout._dims, strict=True)
        said = " x ".join(f"{name} {degree}" for name, degree in axes if degree > 1) or "1"
        raise ValueError(
            f"the degrees {said} make {layout.world_size()} ranks, and the job has {group.nranks} "
            "GPUs (paddle-estimate run --gpus N --nodes M)"
        )

    vars(topology)["HybridCommunicateGroup"]._check_valid_topo = check


def offer_nccl() -> None:
    """Let ``paddle.distributed`` find NCCL where it looks for it."""
    for name in _REDUCTIONS:
        _average_too(name)
    _explain_degrees()
    setattr(core, "ProcessGroupNCCL", ProcessGroupNCCL)  # noqa: B010 - not in Paddle's stubs
    setattr(core, "NCCLConfig", NCCLConfig)  # noqa: B010
    manager, group = vars(core)["CommContextManager"], vars(core)["ProcessGroupCustom"]
    manager.create_nccl_comm_context = staticmethod(create_nccl_comm_context)
    group.name = lambda _: "NCCL"
