"""``jobset.x-k8s.io/v1alpha2`` JobSet: one Indexed Job that restarts as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.kinds.base import (
    Kind,
    branch,
    document,
    job_metadata,
    node_count,
    pod_template,
    renamed,
    said,
    section,
    without,
)
from estimator.manifest.kinds.nodes import gang_settings, meeting_settings
from estimator.manifest.order import Order
from estimator.manifest.tree import (
    COMPUTED,
    Branch,
    Listing,
    Node,
    Provenance,
    Setting,
    with_entries,
)
from estimator.manifest.types import ManifestValue
from estimator.messages import message

GROUP = "node"
"""Name of the only replicated job; its pods are ``<jobset>-node-0-<index>``."""

MAX_RESTARTS = 2
"""Times that all nodes start again after one was lost; a bug fails as often and stops soon."""


def first_host(name: str) -> str:
    """DNS name of the first pod; JobSet's subdomain is its name."""
    return f"{name}-{GROUP}-0-0.{name}"


def _replicated_jobs(tree: Branch, job: Branch, pod: Branch) -> Listing:
    """The job of all nodes, as a JobSet repeats it once."""
    spec = with_entries(job, {"template": pod_template(tree, pod)})
    entries: dict[str, Node] = {
        "name": said(GROUP, reasons.form("JobSet")),
        "replicas": said(1, message("yaml.one_group")),
        "template": branch({"spec": spec}),
    }
    return Listing((branch(entries),), Provenance(COMPUTED, reasons.form("JobSet")))


def jobset_spec(tree: Branch, pod: Branch, *, several: bool) -> Branch:
    """The body of a JobSet of the description; ``job`` fields go where JobSet has them."""
    job = section(tree, "job")
    entries: dict[str, Node] = renamed(
        job, {"ttlSecondsAfterFinished": "ttlSecondsAfterFinished", "suspend": "suspend"}
    )
    if several:
        entries["network"] = said(
            {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
            reasons.reach_each_other(),
        )
        entries["failurePolicy"] = _failure_policy(job)
    inner = without(job, "ttlSecondsAfterFinished", "suspend")
    return branch({**entries, "replicatedJobs": _replicated_jobs(tree, inner, pod)})


def _failure_policy(job: Branch) -> Branch:
    restarts = said(MAX_RESTARTS, message("yaml.gang_restart", times=MAX_RESTARTS))
    if "activeDeadlineSeconds" not in job.entries:
        return branch({"maxRestarts": restarts})
    rule: ManifestValue = {
        "name": "deadline",
        "action": "FailJobSet",
        "onJobFailureReasons": ["DeadlineExceeded"],
    }
    late = said([rule], message("yaml.no_restart_when_late"))
    return branch({"maxRestarts": restarts, "rules": late})


def _settings(order: Order) -> Iterator[Setting]:
    yield from gang_settings(order.nodes)
    yield from meeting_settings(order, first_host(order.name))


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    yield message("yaml.needs_controller", name="JobSet", version="jobset.x-k8s.io/v1alpha2")


def _documents(tree: Branch) -> tuple[Branch, ...]:
    spec = jobset_spec(tree, section(tree, "pod"), several=node_count(tree) > 1)
    return (document("jobset.x-k8s.io/v1alpha2", "JobSet", job_metadata(tree), spec),)


JOBSET = Kind(_settings, _documents, _notes, kueue=True)
