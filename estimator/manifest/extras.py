"""What a pod has beside the training itself: a check before it, a reader of its logs, a sign of
life, and a time by which it must be done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil

from estimator.errors import BadInput
from estimator.manifest.computed import computed
from estimator.manifest.devices import CLAIM
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Listing, Path, Setting, find, plain
from estimator.manifest.types import ManifestValue
from estimator.messages import message, sentence
from estimator.units import format_duration, to_quantity
from estimator.values import Bounded

DEADLINE: Path = ("job", "activeDeadlineSeconds")
_PROBE: Path = (*TRAINING_CONTAINER, "readinessProbe")
_LOG_DIR: Path = (*TRAINING_CONTAINER, "env", "PADDLE_LOG_DIR", "value")
_DEADLINE_MARGIN = 0.5
"""Over the upper bound of the duration: evaluation, checkpoints and waiting for data are not in
the predicted step time (assumed)."""

_START_SECONDS = 3600
"""Pulling an image of 10 GB and mounting volumes; and waiting for a node, which counts too."""

_CHECK = ("python", "-c", "import paddle; paddle.utils.run_check()")
_SIDECAR_RESOURCES: ManifestValue = {
    "requests": {"cpu": "100m", "memory": "256Mi"},
    "limits": {"memory": "512Mi"},
}
_COPIED = ("securityContext", "volumeMounts")


def extra_settings(order: Order, *, probes: bool) -> Iterator[Setting]:
    """What surrounds the training. Raises BadInput for a log reader without a folder of logs."""
    yield from _deadline(order)
    if order.training.preflight:
        yield from _preflight(order)
    if order.training.log_sidecar is not None:
        yield from _log_sidecar(order)
    if probes and order.command.launched and order.training.heartbeat_minutes:
        yield from _heartbeat(order)


def _deadline(order: Order) -> Iterator[Setting]:
    """None where the duration is not known, and where the template has its own."""
    duration = order.request.duration
    if not isinstance(duration, Bounded) or find(order.asked, DEADLINE) is not None:
        return
    longest = duration.upper * order.devices.slowdown
    seconds = ceil((longest * (1 + _DEADLINE_MARGIN) + _START_SECONDS) / 60) * 60
    reason = message(
        "yaml.deadline",
        longest=format_duration(longest),
        margin=f"{_DEADLINE_MARGIN:.0%}",
        start=format_duration(_START_SECONDS),
    )
    yield computed(DEADLINE, seconds, reason)


def _preflight(order: Order) -> Iterator[Setting]:
    """An init container with the same rights, folders and devices as the training."""
    memory = {"memory": to_quantity(order.request.memory_bytes)}
    resources: dict[str, ManifestValue] = {
        "requests": {"cpu": order.request.cpu, **memory, **order.devices.resources},
        "limits": {**memory, **order.devices.resources},
    }
    if order.devices.claim:
        resources["claims"] = [{"name": CLAIM}]
    container: dict[str, ManifestValue] = {
        "image": order.image.image,
        "command": [*_CHECK],
        "resources": resources,
        **_copied(order.asked),
    }
    path = ("pod", "initContainers", "preflight")
    yield computed(path, container, message("yaml.preflight"))


def _log_sidecar(order: Order) -> Iterator[Setting]:
    """A container that Kubernetes starts before the training and ends after it (1.29 and later)."""
    sidecar = order.training.log_sidecar
    assert sidecar is not None
    folder = find(order.asked, _LOG_DIR)
    mount = None if folder is None else _mount_at(order.asked, str(plain(folder)))
    if mount is None:
        raise BadInput(
            message("error.no_log_folder"),
            where="training.log_sidecar",
            hint=sentence("mount an emptyDir at the folder that PADDLE_LOG_DIR names"),
        )
    context = _copied(order.asked).get("securityContext", {})
    container: dict[str, ManifestValue] = {
        "image": sidecar.image,
        "command": [*sidecar.command],
        "restartPolicy": "Always",
        "resources": _SIDECAR_RESOURCES,
        "securityContext": context,
        "volumeMounts": [{**mount, "readOnly": True}],
    }
    yield computed(("pod", "initContainers", "log-sidecar"), container, message("yaml.log_sidecar"))


def _heartbeat(order: Order) -> Iterator[Setting]:
    """Says when nothing was written for long, and stops nothing: READY turns to 0/1."""
    if find(order.asked, _LOG_DIR) is None or find(order.asked, _PROBE) is not None:
        return
    minutes = order.training.heartbeat_minutes
    look = f'find "$PADDLE_LOG_DIR" -name "workerlog.*" -mmin -{minutes} | grep -q .'
    probe: ManifestValue = {
        "exec": {"command": ["sh", "-c", look]},
        "periodSeconds": 60,
        "timeoutSeconds": 10,
    }
    yield computed(_PROBE, probe, message("yaml.heartbeat", minutes=minutes))


def _copied(tree: Branch) -> dict[str, ManifestValue]:
    """What a further container has in common with the training container."""
    found = {key: find(tree, (*TRAINING_CONTAINER, key)) for key in _COPIED}
    return {key: plain(node) for key, node in found.items() if node is not None}


def _mount_at(tree: Branch, folder: str) -> Mapping[str, ManifestValue] | None:
    mounts = find(tree, (*TRAINING_CONTAINER, "volumeMounts"))
    if not isinstance(mounts, Listing):
        return None
    found = (plain(one) for one in mounts.items)
    return next(
        (one for one in found if isinstance(one, dict) and one.get("mountPath") == folder), None
    )
