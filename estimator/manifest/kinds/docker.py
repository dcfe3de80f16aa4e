"""One ``docker run`` line for one machine."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from estimator.manifest import reasons
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.base import Kind, branch, said, section
from estimator.manifest.kinds.compose import restart_policy, tmpfs_option
from estimator.manifest.kinds.machine import Machine, machine_notes, machine_of, machine_settings
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Listing, Node, Provenance, Scalar, Setting, plain
from estimator.manifest.types import ManifestValue
from estimator.messages import message


def _settings(order: Order) -> Iterator[Setting]:
    yield from machine_settings(order, ManifestKind.DOCKER)


def _documents(tree: Branch) -> tuple[Branch, ...]:
    """The words of the line, those that belong together in one list."""
    groups = (*_fixed(tree), *_options(machine_of(tree)), *_start(machine_of(tree)))
    return (branch({"words": Listing(tuple(groups), groups[0].provenance)}),)


def _fixed(tree: Branch) -> Iterator[Listing]:
    why = reasons.form("docker")
    name = section(tree, "metadata").entries["name"]
    yield _group(said("docker", why), said("run", why))
    yield _group(said("--name", why), name)
    yield _group(said("--init", message("yaml.docker_init")))
    yield _group(said(f"--restart={restart_policy(tree)}", message("yaml.docker_restart")))
    for option in ("--cap-drop=ALL", "--security-opt=no-new-privileges"):
        yield _group(said(option, message("yaml.docker_rights")))


def _options(machine: Machine) -> Iterator[Listing]:
    yield _option("--gpus", machine.gpus)
    for flag, value in (
        ("--memory", machine.memory),
        ("--shm-size", machine.shared_memory),
        ("--user", machine.user),
        ("--workdir", machine.container.entries.get("workingDir")),
    ):
        if isinstance(value, Scalar):
            yield _option(flag, value)
    if machine.read_only:
        yield _group(said("--read-only", message("yaml.docker_rights")))
    for scratch in machine.scratch:
        text = tmpfs_option(scratch.target, scratch.size)
        yield _option("--tmpfs", Scalar(text, scratch.provenance))
    for mount in machine.mounts:
        mode = ":ro" if mount.read_only else ""
        text = f"{mount.source}:{mount.target}{mode}"
        yield _option("--volume", Scalar(text, mount.provenance))
    for name, value in machine.environment.items():
        yield _option("--env", Scalar(f"{name}={value.value}", value.provenance))


def _start(machine: Machine) -> Iterator[Listing]:
    """The image between the program and its arguments, as ``docker run`` takes them."""
    program, *arguments = machine.words
    yield _option("--entrypoint", program)
    yield _group(machine.container.entries["image"], *arguments)


def _option(flag: str, value: Scalar) -> Listing:
    text = Scalar(str(value.value), value.provenance)
    return Listing((Scalar(flag, value.provenance), text), value.provenance)


def _group(*words: Node) -> Listing:
    texts = tuple(Scalar(str(plain(word)), word.provenance) for word in words)
    return Listing(texts, texts[0].provenance if texts else Provenance(""))


def _text(documents: Sequence[Mapping[str, ManifestValue]]) -> str:
    """The line, broken behind each option."""
    groups = documents[0]["words"]
    assert isinstance(groups, list)
    lines = [
        shlex.join([str(word) for word in group]) for group in groups if isinstance(group, list)
    ]
    return " \\\n  ".join(lines) + "\n"


DOCKER = Kind(_settings, _documents, machine_notes, _text, cluster=False)
