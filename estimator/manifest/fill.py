"""A template, an estimate and what the user sets, made into one manifest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from estimator.manifest.command import training_command
from estimator.manifest.computed import IMAGE, NAME, request_settings
from estimator.manifest.devices import claim_template, devices_for
from estimator.manifest.extras import extra_settings
from estimator.manifest.findings import require_sound
from estimator.manifest.images import IMAGES, choose_image, require_suitable
from estimator.manifest.kindnames import ManifestKind, parse_kind
from estimator.manifest.kinds import KINDS, Kind, queue_settings
from estimator.manifest.layers import Template
from estimator.manifest.locks import Lock, merge_locked
from estimator.manifest.merge import merge, overlay
from estimator.manifest.names import job_name
from estimator.manifest.notes import lock_notes, pod_notes
from estimator.manifest.order import Order
from estimator.manifest.overrides import layer_of
from estimator.manifest.policy import allowed_images, require_allowed
from estimator.manifest.settings import TRAINING, Training, read_settings
from estimator.manifest.tree import (
    Branch,
    Node,
    Setting,
    find,
    format_path,
    leaves,
    nearest,
    plain,
    plain_map,
    with_entries,
)
from estimator.manifest.types import JobRequest, Manifest, Origin, Override


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
    order = _order(asked, request, template, form)
    settings = tuple(_computed(order, form))
    free = [one for one in settings if not _is_locked(one, template.locks)]
    tree = merge(merge(asked, overlay(free)), wanted)
    require_allowed(tree, template.policy)
    _require_suitable_image(tree, order)
    documents = (*form.documents(tree), *_claims(order))
    values = tuple(plain_map(document) for document in documents)
    require_sound(documents, values)
    notes = (
        *order.command.notes,
        *order.devices.notes,
        *form.notes(order, tree),
        *lock_notes(asked, (one for one in settings if one not in free), template.locks),
        *pod_notes(tree, values, order),
    )
    return Manifest(
        kind=kind,
        template=template.name,
        text=form.text(values),
        document=values,
        origins=tuple(_origins(documents)),
        notes=notes,
    )


def computed_settings(
    template: Template, request: JobRequest, kind: ManifestKind
) -> tuple[Setting, ...]:
    """What the estimate puts into a template, for a kind of manifest. Raises BadInput."""
    form = KINDS[kind]
    return tuple(_computed(_order(template.tree, request, template, form), form))


def _order(asked: Branch, request: JobRequest, template: Template, form: Kind) -> Order:
    training = read_settings(asked, TRAINING, Training)
    images = allowed_images(template.policy, training.images)
    where = nearest(asked, IMAGES).node.provenance.where
    return Order(
        request=request,
        name=_name(asked, request),
        command=training_command(
            training, request.per_device_batch_size, request.gpu_count, request.nodes
        ),
        training=training,
        devices=devices_for(request, training, shared=form.cluster),
        image=choose_image(images, request.compute_capability, training.driver, where=where),
        asked=asked,
    )


def _computed(order: Order, form: Kind) -> Iterator[Setting]:
    """The values that the estimate puts in, in the order they are put."""
    yield from request_settings(order)
    yield from queue_settings(form, order)
    yield from form.settings(order)
    if form.cluster:
        yield from extra_settings(order, probes=form.probes(order))


def _claims(order: Order) -> Iterator[Branch]:
    if order.devices.claim:
        namespace = find(order.asked, ("metadata", "namespace"))
        claim = claim_template(order.request, order.training, order.name)
        yield claim if namespace is None else _in_namespace(claim, namespace)


def _in_namespace(document: Branch, namespace: Node) -> Branch:
    metadata = document.entries["metadata"]
    assert isinstance(metadata, Branch)
    return with_entries(document, {"metadata": with_entries(metadata, {"namespace": namespace})})


def _require_suitable_image(tree: Branch, order: Order) -> None:
    """Raise BadInput where the user or a lock set an image that cannot run on the GPU."""
    image = find(tree, IMAGE)
    if image is not None:
        request, driver = order.request, order.training.driver
        where = image.provenance.where
        require_suitable(str(plain(image)), request.compute_capability, driver, where=where)


def _name(asked: Branch, request: JobRequest) -> str:
    """The name the user or the template gives, else one made from the request's."""
    given = find(asked, NAME)
    return job_name(request.name) if given is None else str(plain(given))


def _is_locked(setting: Setting, locks: Iterable[Lock]) -> bool:
    """Whether a lock keeps a computed value out; a job without a name gets one all the same."""
    return setting.path != NAME and any(lock.covers(setting.path) for lock in locks)


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
