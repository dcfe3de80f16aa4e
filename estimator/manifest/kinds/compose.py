"""Docker compose file for one machine (compose-spec)."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.base import Kind, branch, renamed, said, section
from estimator.manifest.kinds.machine import (
    SERVICE,
    Machine,
    Mount,
    machine_notes,
    machine_of,
    machine_settings,
)
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Listing, Node, Scalar, Setting, from_plain, plain
from estimator.messages import message


def _settings(order: Order) -> Iterator[Setting]:
    yield from machine_settings(order, ManifestKind.COMPOSE)


def _documents(tree: Branch) -> tuple[Branch, ...]:
    machine = machine_of(tree)
    name = section(tree, "metadata").entries["name"]
    services = branch({SERVICE: branch(dict(_service(tree, machine)))})
    return (branch({"name": name, "services": services}),)


def _service(tree: Branch, machine: Machine) -> Iterator[tuple[str, Node]]:
    why = reasons.form("compose")
    yield from renamed(machine.container, {"image": "image", "workingDir": "working_dir"}).items()
    words = tuple(_escaped(word) for word in machine.words)
    yield "entrypoint", Listing(words, words[0].provenance)
    yield "command", Listing((), words[0].provenance)
    variables = {name: _escaped(value) for name, value in machine.environment.items()}
    yield "environment", branch(variables)
    if machine.user is not None:
        yield "user", machine.user
    yield "read_only", said(machine.read_only, why)
    yield "cap_drop", said(["ALL"], message("yaml.docker_rights"))
    yield "security_opt", said(["no-new-privileges:true"], message("yaml.docker_rights"))
    yield "init", said(True, message("yaml.docker_init"))
    yield "restart", said(restart_policy(tree), message("yaml.docker_restart"))
    if machine.shared_memory is not None:
        yield "shm_size", machine.shared_memory
    scratch = [
        Scalar(tmpfs_option(one.target, one.size), one.provenance) for one in machine.scratch
    ]
    if scratch:
        yield "tmpfs", Listing(tuple(scratch), scratch[0].provenance)
    mounts = tuple(_mount(one) for one in machine.mounts)
    if mounts:
        yield "volumes", Listing(mounts, mounts[0].provenance)
    yield "deploy", _deploy(machine)


def _deploy(machine: Machine) -> Branch:
    device = branch(
        {
            "driver": said("nvidia", reasons.form("compose")),
            "count": machine.gpus,
            "capabilities": said(["gpu"], reasons.form("compose")),
        }
    )
    devices = Listing((device,), machine.gpus.provenance)
    resources: dict[str, Node] = {"reservations": branch({"devices": devices})}
    if machine.memory is not None:
        resources["limits"] = branch({"memory": machine.memory})
    return branch({"resources": branch(resources)})


def _mount(mount: Mount) -> Branch:
    entries: dict[str, Node] = {
        key: from_plain(value, mount.provenance)
        for key, value in (("type", "bind"), ("source", mount.source), ("target", mount.target))
    }
    if mount.read_only:
        entries["read_only"] = from_plain(True, mount.provenance)
    return Branch(entries, mount.provenance)


def _escaped(value: Scalar) -> Scalar:
    """Compose would put variables of its own in the place of ``$NAME``."""
    return Scalar(str(value.value).replace("$", "$$"), value.provenance)


def tmpfs_option(target: str, size: str) -> str:
    """``/tmp:mode=1777,size=20g``: everybody may write, as to an emptyDir."""
    return f"{target}:mode=1777" + (f",size={size}" if size else "")


def restart_policy(tree: Branch) -> str:
    """``on-failure`` as often as the template lets a pod of a Job fail."""
    limit = section(tree, "job").entries.get("backoffLimit")
    times = 0 if limit is None else plain(limit)
    return f"on-failure:{times}" if times else "no"


COMPOSE = Kind(_settings, _documents, machine_notes, cluster=False)
