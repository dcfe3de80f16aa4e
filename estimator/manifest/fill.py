"""A template, an estimate and what the user sets, made into one manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.manifest.check import check_documents
from estimator.manifest.command import training_command
from estimator.manifest.computed import IMAGE, NAME, request_settings
from estimator.manifest.images import choose_image, doubt_about
from estimator.manifest.kindnames import parse_kind
from estimator.manifest.kinds import KINDS, Order, queue_settings
from estimator.manifest.layers import Template
from estimator.manifest.locks import Lock, merge_locked
from estimator.manifest.merge import merge, overlay
from estimator.manifest.names import job_name
from estimator.manifest.overrides import layer_of
from estimator.manifest.policy import allowed_images, require_allowed
from estimator.manifest.settings import TRAINING, Training, read_settings
from estimator.manifest.tree import (
    Branch,
    Setting,
    find,
    format_path,
    leaves,
    nearest,
    plain,
    plain_map,
)
from estimator.manifest.types import JobRequest, Manifest, Origin, Override
from estimator.manifest.walk import Document, Path, containers, items, map_at, pods


def fill(
    template: Template, request: JobRequest, kind: str, overrides: Sequence[Override] = ()
) -> Manifest:
    """The manifest of an estimate.

    The layers of the template come first, the computed values over them, ``overrides`` last. A
    computed value stops at a lock and becomes a note. Raises BadInput for a kind that is not
    there, an override of a locked path, and a manifest that a cluster would refuse.
    """
    form = KINDS[parse_kind(kind)]
    wanted = layer_of(overrides)
    asked = merge_locked(template.tree, wanted, template.locks)
    training = read_settings(asked, TRAINING, Training)
    command = training_command(
        training, request.per_device_batch_size, request.gpu_count, request.nodes
    )
    images = allowed_images(template.policy, training.images)
    image = choose_image(images, request.compute_capability)
    name = _name(asked, request)
    order = Order(request, name, command, training)
    settings = (
        *request_settings(request, name, image, asked),
        *queue_settings(form, order),
        *form.settings(order),
    )
    free = [one for one in settings if _lock_on(one, template.locks) is None]
    tree = merge(merge(asked, overlay(free)), wanted)
    require_allowed(tree, template.policy)
    documents = form.documents(tree)
    _require_sound(documents)
    notes = (
        *command.notes,
        *form.notes(order, tree),
        *_lock_notes(asked, settings, template.locks),
        *_notes(tree, documents, request),
    )
    values = tuple(plain_map(document) for document in documents)
    return Manifest(
        kind=kind,
        template=template.name,
        text=form.text(values),
        document=values,
        origins=tuple(_origins(documents)),
        notes=notes,
    )


def _name(asked: Branch, request: JobRequest) -> str:
    """The name the user or the template gives, else one made from the request's."""
    given = find(asked, NAME)
    return job_name(request.name) if given is None else str(plain(given))


def _lock_on(setting: Setting, locks: Iterable[Lock]) -> Lock | None:
    """The lock that keeps a computed value out; a job without a name gets one all the same."""
    if setting.path == NAME:
        return None
    return next((lock for lock in locks if lock.covers(setting.path)), None)


def _lock_notes(asked: Branch, settings: Iterable[Setting], locks: Sequence[Lock]) -> Iterator[str]:
    """Where a lock keeps another value than the estimate would put there."""
    for setting in settings:
        lock = _lock_on(setting, locks)
        node = find(asked, setting.path)
        if lock and (node is None or plain(node) != setting.value):
            yield reasons.kept_by_lock(format_path(setting.path), setting.value, lock.where)


def _notes(tree: Branch, documents: Iterable[Branch], request: JobRequest) -> Iterator[str]:
    """What the user should check before the job can run."""
    image = find(tree, IMAGE)
    if image and (doubt := doubt_about(str(plain(image)), request.compute_capability)):
        yield doubt
    for document in map(plain_map, documents):
        for path, pod in pods(document):
            yield from _pod_notes(path, pod, request.nodes)


def _pod_notes(path: Path, pod: Document, nodes: int) -> Iterator[str]:
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


def _require_sound(documents: Sequence[Branch]) -> None:
    for document in documents:
        findings = check_documents([plain_map(document)])
        if findings:
            first = findings[0]
            more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
            raise BadInput(
                f"{format_path(first.path)}: {first.problem}{more}",
                where=nearest(document, first.path).node.provenance.where,
                hint="correct the template",
            )


def _origins(documents: Sequence[Branch]) -> Iterator[Origin]:
    """Every value; those of a document after the first begin with its kind."""
    for position, document in enumerate(documents):
        prefix = (str(plain(document.entries["kind"])),) if position else ()
        yield from tree_origins(document, prefix)


def tree_origins(tree: Branch, prefix: tuple[str, ...] = ()) -> Iterator[Origin]:
    """Where each value of a tree comes from."""
    for leaf in leaves(tree):
        where, reason = leaf.provenance.where, leaf.provenance.reason
        path = (*prefix, *leaf.path)
        yield Origin(format_path(path), leaf.value, where, reason)
