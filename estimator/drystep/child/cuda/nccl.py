"""NCCL's part of Paddle's core, done by the virtual GPU's own collectives."""

from __future__ import annotations

from typing import Any

from paddle.base import core
from paddle.distributed.communication.group import _GroupManager
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


_TELLING = ("create", "get_comm_name", "name", "rank", "size")
"""Functions of a process group that do not communicate."""

_used: dict[int, Any] = {}


def groups_used() -> tuple[tuple[int, ...], ...]:
    """The ranks of every group of several that this process has communicated in, by Python."""
    known = _GroupManager.group_map_by_id.values()
    return tuple(
        tuple(group.ranks)
        for group in known
        if group.nranks > 1 and id(group.process_group) in _used
    )


def _watch(name: str) -> None:
    """Note which groups are used, and let reductions take averages, which custom devices lack.

    Those of equal ranks are maxima.
    """
    original = getattr(core.ProcessGroupCustom, name)

    def communicate(group: Any, *args: Any, **kwargs: Any) -> Any:
        _used[id(group)] = group  # kept, so that no other gets its identity

        def known(value: Any) -> Any:
            return core.ReduceOp.MAX if _is_average(value) else value

        named = {key: known(value) for key, value in kwargs.items()}
        return original(group, *map(known, args), **named)

    setattr(core.ProcessGroupCustom, name, communicate)


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
    for name in dir(core.ProcessGroupCustom):
        if not name.startswith("_") and name not in _TELLING:
            _watch(name)
    _explain_degrees()
    setattr(core, "ProcessGroupNCCL", ProcessGroupNCCL)  # noqa: B010 - not in Paddle's stubs
    setattr(core, "NCCLConfig", NCCLConfig)  # noqa: B010
    manager, group = vars(core)["CommContextManager"], vars(core)["ProcessGroupCustom"]
    manager.create_nccl_comm_context = staticmethod(create_nccl_comm_context)
    group.name = lambda _: "NCCL"
