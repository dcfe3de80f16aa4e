"""The flat form of in-house platforms: ``gpu_count, memory, cpu, image, command``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.manifest.computed import COMMAND, IMAGE, REQUESTS
from estimator.manifest.devices import NVIDIA
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.kinds.base import Kind, require_one_node, start_settings
from estimator.manifest.order import Order
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
from estimator.messages import sentence
from estimator.units import to_quantity

_FIELDS: tuple[tuple[str, Path], ...] = (
    ("memory", (*REQUESTS, "memory")),
    ("cpu", (*REQUESTS, "cpu")),
    ("image", IMAGE),
    ("command", COMMAND),
)


def _settings(order: Order) -> Iterator[Setting]:
    require_one_node(order, ManifestKind.FLAT)
    yield from start_settings(order)


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    request = order.request
    yield reasons.flat_leaves_out(request.gpu_product, to_quantity(request.shm_bytes))


def _documents(tree: Branch) -> tuple[Branch, ...]:
    """One map of five values."""
    fields = (("gpu_count", (*REQUESTS, _device(tree))), *_FIELDS)
    return (Branch({field: _value(tree, path) for field, path in fields}, tree.provenance),)


def _device(tree: Branch) -> str:
    """What the device plug-in calls a card: the only resource with a domain."""
    requests = find(tree, REQUESTS)
    names = requests.entries if isinstance(requests, Branch) else ()
    return next((name for name in names if "/" in name), NVIDIA)


def _value(tree: Branch, path: Path) -> Node:
    node = find(tree, path)
    if node is None:
        what = sentence("{path} was taken away", path=format_path(path))
        raise BadInput(what, hint=sentence("leave it in the template"))
    if isinstance(node, Listing):
        words = [str(plain(word)) for word in node.items]
        return Scalar(shlex.join(words), node.provenance)
    return node


FLAT = Kind(_settings, _documents, _notes, cluster=False)
