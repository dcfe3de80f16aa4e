"""``batch.volcano.sh/v1alpha1`` Job: all nodes are scheduled together or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.computed import computed
from estimator.manifest.kinds.base import (
    Kind,
    branch,
    deadline_of_pods,
    document,
    fields_left_out,
    job_metadata,
    node_count,
    pod_template,
    renamed,
    said,
    section,
)
from estimator.manifest.kinds.nodes import gang_settings, meeting_settings
from estimator.manifest.order import Order
from estimator.manifest.tree import COMPUTED, Branch, Listing, Node, Provenance, Setting
from estimator.messages import message

TASK = "node"
"""Name of the only task; its pods are ``<job>-node-<index>``."""

MAX_RETRIES = 2
"""Times that all nodes start again; a bug fails as often and stops soon."""

_FIELDS = {"ttlSecondsAfterFinished": "ttlSecondsAfterFinished", "backoffLimit": "maxRetry"}
_ELSEWHERE = ("activeDeadlineSeconds", "completionMode", "completions", "parallelism")
_RESTARTS = ("PodFailed", "PodEvicted")
"""Events on which all nodes start again: one alone cannot rejoin the others."""


def first_host(name: str) -> str:
    """DNS name of the first pod: plug-in ``svc`` makes the Job's name the subdomain."""
    return f"{name}-{TASK}-0.{name}"


def _settings(order: Order) -> Iterator[Setting]:
    yield from gang_settings(order.nodes)
    if order.nodes > 1:
        why = message("yaml.gang_restart", times=MAX_RETRIES)
        yield computed(("job", "backoffLimit"), MAX_RETRIES, why)
    yield from meeting_settings(order, first_host(order.name), "VC_TASK_INDEX")
    yield computed(("pod", "restartPolicy"), "Never", message("yaml.volcano_restarts"))


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    yield message("yaml.needs_controller", name="Volcano", version="batch.volcano.sh/v1alpha1")
    yield from fields_left_out(tree, "Volcano Job", (*_FIELDS, *_ELSEWHERE))


def _documents(tree: Branch) -> tuple[Branch, ...]:
    nodes, why = node_count(tree), reasons.form("volcano")
    entries: dict[str, Node] = {
        "schedulerName": said("volcano", why),
        "minAvailable": said(nodes, message("yaml.all_or_none")),
        **renamed(section(tree, "job"), _FIELDS),
        **_queue(tree),
        "policies": said(
            [{"event": event, "action": "RestartJob"} for event in _RESTARTS],
            reasons.no_single_restart(),
        ),
    }
    if nodes > 1:
        entries["plugins"] = said(
            {"env": [], "svc": ["--publish-not-ready-addresses=true"]},
            message("yaml.volcano_plugins"),
        )
    task = branch(
        {
            "name": said(TASK, why),
            "replicas": said(nodes, reasons.one_pod_per_node()),
            "template": pod_template(tree, deadline_of_pods(tree)),
        }
    )
    entries["tasks"] = Listing((task,), Provenance(COMPUTED, why))
    return (document("batch.volcano.sh/v1alpha1", "Job", job_metadata(tree), branch(entries)),)


def _queue(tree: Branch) -> dict[str, Node]:
    return renamed(section(tree, "training"), {"queue": "queue"})


VOLCANO = Kind(_settings, _documents, _notes)
