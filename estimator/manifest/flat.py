"""The flat form of in-house platforms: ``gpu_count, memory, cpu, image, command``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.manifest.command import TrainingCommand
from estimator.manifest.computed import COMMAND, GPU, IMAGE, REQUESTS, computed
from estimator.manifest.settings import Training
from estimator.manifest.tree import (
    Branch,
    Listing,
    Node,
    Path,
    Scalar,
    Setting,
    find,
    format_path,
    plain,
)
from estimator.manifest.types import JobRequest
from estimator.units import to_quantity

_FIELDS: tuple[tuple[str, Path], ...] = (
    ("gpu_count", (*REQUESTS, GPU)),
    ("memory", (*REQUESTS, "memory")),
    ("cpu", (*REQUESTS, "cpu")),
    ("image", IMAGE),
    ("command", COMMAND),
)


def flat_settings(
    request: JobRequest, name: str, command: TrainingCommand, training: Training
) -> Iterator[Setting]:
    """The command, as the program is started on one node."""
    if request.nodes > 1:
        raise BadInput(
            f"the flat form describes one node, the plan has {request.nodes}",
            where="--kind flat",
            hint="--kind job, or --max-gpus for a plan on one node",
        )
    yield computed(COMMAND, [*command.words], command.reason)


def flat_notes(request: JobRequest, name: str, training: Training) -> Iterator[str]:
    """What the form leaves out."""
    yield reasons.flat_leaves_out(request.gpu_product, to_quantity(request.shm_bytes))


def flat_documents(tree: Branch) -> tuple[Branch, ...]:
    """One map of five values."""
    return (Branch({field: _value(tree, path) for field, path in _FIELDS}, tree.provenance),)


def _value(tree: Branch, path: Path) -> Node:
    node = find(tree, path)
    if node is None:
        raise BadInput(f"{format_path(path)} was taken away", hint="leave it in the template")
    if isinstance(node, Listing):
        words = [str(plain(word)) for word in node.items]
        return Scalar(shlex.join(words), node.provenance)
    return node
