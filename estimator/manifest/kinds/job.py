"""``batch/v1`` Job: one pod, or one pod per node that find each other through a Service."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.computed import computed
from estimator.manifest.kinds.base import (
    INSTANCE,
    Kind,
    branch,
    companion_metadata,
    document,
    job_metadata,
    pod_template,
    said,
    section,
)
from estimator.manifest.kinds.nodes import RENDEZVOUS_PORT, gang_settings, meeting_settings
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Setting, plain, with_entries


def _settings(order: Order) -> Iterator[Setting]:
    yield from gang_settings(order.nodes)
    yield from meeting_settings(order, f"{order.name}-0.{order.name}")
    if order.nodes > 1 and order.training.launch:
        yield computed(("pod", "subdomain"), order.name, reasons.reach_each_other())


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    if order.nodes > 1 and order.training.launch:
        yield reasons.service_stays(order.name)


def _documents(tree: Branch) -> tuple[Branch, ...]:
    """The Job, and the Service that its pods find each other by."""
    metadata = job_metadata(tree)
    spec = with_entries(section(tree, "job"), {"template": pod_template(tree)})
    job = document("batch/v1", "Job", metadata, spec)
    subdomain = section(tree, "pod").entries.get("subdomain")
    if subdomain is None or plain(subdomain) != plain(metadata.entries["name"]):
        return (job,)
    return job, _service(metadata)


def _service(metadata: Branch) -> Branch:
    name, why = metadata.entries["name"], reasons.reach_each_other()
    spec = {
        "clusterIP": said("None", why),
        "publishNotReadyAddresses": said(True, reasons.before_ready()),
        "selector": said({INSTANCE: plain(name)}, why),
        "ports": said([{"name": "rendezvous", "port": RENDEZVOUS_PORT}], why),
    }
    return document("v1", "Service", companion_metadata(metadata), branch(spec))


JOB = Kind(_settings, _documents, _notes, kueue=True)
