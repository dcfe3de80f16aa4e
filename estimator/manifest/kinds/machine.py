"""The training container as Docker runs it on one machine, without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from estimator.errors import BadInput
from estimator.manifest.devices import NVIDIA
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.base import (
    require_one_node,
    section,
    start_settings,
)
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.order import Order
from estimator.manifest.quantity import parse_quantity
from estimator.manifest.tree import (
    Branch,
    Listing,
    Node,
    Provenance,
    Scalar,
    Setting,
    find,
    plain,
)
from estimator.messages import message
from estimator.units import GIB, MIB

SHARED_MEMORY = "/dev/shm"
SERVICE = TRAINING_CONTAINER[-1]
_BIND_SOURCES = {"persistentVolumeClaim": "claimName", "hostPath": "path"}


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder of the host in the container."""

    source: str
    target: str
    read_only: bool
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder in memory that is gone when the container is; ``size`` as Docker writes it."""

    target: str
    size: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Machine:
    """What Docker is told; values that the template does not set are None."""

    container: Branch
    mounts: tuple[Mount, ...]
    scratch: tuple[Scratch, ...]
    shared_memory: Scalar | None
    memory: Scalar | None
    gpus: Scalar
    user: Scalar | None
    environment: dict[str, Scalar]
    read_only: bool

    @property
    def words(self) -> tuple[Scalar, ...]:
        """The command and its arguments."""
        return (*_words(self.container, "command"), *_words(self.container, "args"))


def machine_settings(order: Order, kind: ManifestKind) -> Iterator[Setting]:
    """The command. Raises BadInput for several nodes and for devices that Docker does not know."""
    require_one_node(order, kind)
    yield from start_settings(order)


def machine_notes(order: Order, tree: Branch) -> Iterator[str]:
    """What a cluster would have seen to."""
    found = machine_of(tree)
    yield message("yaml.docker_gpu", gpu=order.request.gpu_product)
    if folders := ", ".join(mount.source for mount in found.mounts):
        yield message("yaml.docker_folders", folders=folders)
    lost = [name for name in _env_entries(tree) if name not in found.environment]
    if lost:
        yield message("yaml.docker_env", names=", ".join(lost))
    others = [
        str(plain(one.entries["name"]))
        for key in ("initContainers", "containers")
        for one in _maps(section(tree, "pod"), key)
        if plain(one.entries["name"]) != SERVICE
    ]
    if others:
        yield message("yaml.docker_containers", names=", ".join(others))


def machine_of(tree: Branch) -> Machine:
    """The description of a job, as far as it concerns one machine. Raises BadInput."""
    container = find(tree, TRAINING_CONTAINER)
    assert isinstance(container, Branch)
    limits = section(container, "resources", "limits")
    gpus = limits.entries.get(NVIDIA)
    if not isinstance(gpus, Scalar):
        raise BadInput(
            message("error.docker_devices"), where="--kind docker", hint="--kind job or --kind flat"
        )
    volumes = {
        str(plain(one.entries["name"])): one for one in _maps(section(tree, "pod"), "volumes")
    }
    found = [
        part
        for mount in _maps(container, "volumeMounts")
        if (volume := volumes.get(str(plain(mount.entries["name"]))))
        and (part := _part(mount, volume))
    ]
    shm = next((s for s in found if isinstance(s, Scratch) and s.target == SHARED_MEMORY), None)
    memory = limits.entries.get("memory")
    return Machine(
        container=container,
        mounts=tuple(part for part in found if isinstance(part, Mount)),
        scratch=tuple(s for s in found if isinstance(s, Scratch) and s is not shm),
        shared_memory=Scalar(shm.size, shm.provenance) if shm and shm.size else None,
        memory=_size_of(memory),
        gpus=gpus,
        user=_user(tree, container),
        environment=_environment(container),
        read_only=_is_read_only(container),
    )


def _part(mount: Branch, volume: Branch) -> Mount | Scratch | None:
    target = mount.entries["mountPath"]
    path = str(plain(target))
    scratch = volume.entries.get("emptyDir")
    if isinstance(scratch, Branch):
        size = _size_of(scratch.entries.get("sizeLimit"))
        return Scratch(path, "" if size is None else str(size.value), target.provenance)
    for kind, field in _BIND_SOURCES.items():
        name = section(volume, kind).entries.get(field)
        if name is not None:
            source = str(plain(name))
            read_only = mount.entries.get("readOnly")
            return Mount(
                source if source.startswith("/") else f"./{source}",
                path,
                read_only is not None and plain(read_only) is True,
                name.provenance,
            )
    return None


def _environment(container: Branch) -> dict[str, Scalar]:
    """The variables that have a value; Docker knows no secrets and fields of the cluster."""
    return {
        str(plain(one.entries["name"])): value
        for one in _maps(container, "env")
        if isinstance(value := one.entries.get("value"), Scalar)
    }


def _env_entries(tree: Branch) -> Iterator[str]:
    container = find(tree, TRAINING_CONTAINER)
    if isinstance(container, Branch):
        yield from (str(plain(one.entries["name"])) for one in _maps(container, "env"))


def _user(tree: Branch, container: Branch) -> Scalar | None:
    contexts = [section(one, "securityContext") for one in (container, section(tree, "pod"))]
    user, group = (
        next((c.entries[key] for c in contexts if key in c.entries), None)
        for key in ("runAsUser", "runAsGroup")
    )
    if user is None:
        return None
    text = f"{plain(user)}" if group is None else f"{plain(user)}:{plain(group)}"
    return Scalar(text, user.provenance)


def _is_read_only(container: Branch) -> bool:
    node = section(container, "securityContext").entries.get("readOnlyRootFilesystem")
    return node is not None and plain(node) is True


def _size_of(node: Node | None) -> Scalar | None:
    """A Kubernetes quantity as Docker writes it: ``30g``, ``512m`` or bytes."""
    if node is None:
        return None
    size = int(parse_quantity(plain(node)))
    unit, letter = next(((u, n) for u, n in ((GIB, "g"), (MIB, "m")) if size % u == 0), (1, "b"))
    return Scalar(f"{size // unit}{letter}", node.provenance)


def _words(container: Branch, key: str) -> Iterator[Scalar]:
    listing = container.entries.get(key)
    if isinstance(listing, Listing):
        yield from (item for item in listing.items if isinstance(item, Scalar))


def _maps(tree: Branch, key: str) -> Iterator[Branch]:
    listing = tree.entries.get(key)
    if isinstance(listing, Listing):
        yield from (item for item in listing.items if isinstance(item, Branch))
