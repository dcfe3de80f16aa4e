"""What the user should know of a finished manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from estimator.manifest import reasons
from estimator.manifest.computed import IMAGE
from estimator.manifest.images import doubt_about
from estimator.manifest.locks import Lock
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Setting, find, format_path, plain
from estimator.manifest.walk import Document, Path, containers, items, map_at, pods


def lock_notes(asked: Branch, settings: Iterable[Setting], locks: Sequence[Lock]) -> Iterator[str]:
    """Where a lock keeps another value than the estimate would put there."""
    for setting in settings:
        lock = next((one for one in locks if one.covers(setting.path)), None)
        node = find(asked, setting.path)
        if lock and (node is None or plain(node) != setting.value):
            yield reasons.kept_by_lock(format_path(setting.path), setting.value, lock.where)


def pod_notes(tree: Branch, documents: Iterable[Document], order: Order) -> Iterator[str]:
    """What should be checked before the job can run."""
    image = find(tree, IMAGE)
    capability, driver = order.request.compute_capability, order.training.driver
    if image and (doubt := doubt_about(str(plain(image)), capability, driver)):
        yield doubt
    for document in documents:
        for path, pod in pods(document):
            yield from _of_pod(path, pod, order.nodes)


def _of_pod(path: Path, pod: Document, nodes: int) -> Iterator[str]:
    mounts = [
        mount.get("mountPath")
        for here, container in containers(path, pod)
        for _, mount in items(here, container, "volumeMounts")
    ]
    if "/dev/shm" not in mounts:
        yield reasons.no_shared_memory()
    claims = [
        str(map_at(volume, "persistentVolumeClaim")["claimName"])
        for _, volume in items(path, pod, "volumes")
        if "claimName" in map_at(volume, "persistentVolumeClaim")
    ]
    if claims:
        yield reasons.claims_needed(claims, nodes)
