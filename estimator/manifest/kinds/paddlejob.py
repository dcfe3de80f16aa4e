"""``kubeflow.org/v1`` PaddleJob: the training operator tells each node where the others are."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.kinds.base import (
    Kind,
    branch,
    document,
    fields_left_out,
    job_metadata,
    node_count,
    pod_template,
    renamed,
    said,
    section,
    start_settings,
    without,
)
from estimator.manifest.kinds.nodes import gang_settings, own_address
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Node, Setting
from estimator.messages import message

_RUN_POLICY = {
    name: name
    for name in ("activeDeadlineSeconds", "backoffLimit", "suspend", "ttlSecondsAfterFinished")
}
_ELSEWHERE = ("completionMode", "completions", "parallelism")


def _settings(order: Order) -> Iterator[Setting]:
    """The operator adds PADDLE_MASTER (the first node gets its own address), PADDLE_NNODES and
    PADDLE_JOB_ID to every container (training-operator, pkg/controller.v1/paddlepaddle).
    """
    yield from gang_settings(order.nodes)
    yield from start_settings(order)
    if order.nodes > 1:
        yield own_address()


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    yield message("yaml.needs_controller", name="training-operator", version="kubeflow.org/v1")
    if order.nodes > 1:
        yield message("yaml.no_gang_restart", kind="PaddleJob")
    if order.training.queue:
        yield message("yaml.kueue_paddlejob")
    yield from fields_left_out(tree, "PaddleJob", (*_RUN_POLICY, *_ELSEWHERE))


def _documents(tree: Branch) -> tuple[Branch, ...]:
    nodes, pod = node_count(tree), section(tree, "pod")
    policy: dict[str, Node] = {
        "cleanPodPolicy": said("Running", message("yaml.clean_running")),
        **renamed(section(tree, "job"), _RUN_POLICY),
    }
    if nodes > 1:
        policy["schedulingPolicy"] = said({"minAvailable": nodes}, message("yaml.all_or_none"))
    worker: dict[str, Node] = {
        "replicas": said(nodes, reasons.one_pod_per_node()),
        **renamed(pod, {"restartPolicy": "restartPolicy"}),
        "template": pod_template(tree, without(pod, "restartPolicy")),
    }
    spec = branch(
        {
            "runPolicy": branch(policy),
            "paddleReplicaSpecs": branch({"Worker": branch(worker)}),
        }
    )
    return (document("kubeflow.org/v1", "PaddleJob", job_metadata(tree), spec),)


# The operator's Services name ready pods only, so a probe would keep several nodes apart.
PADDLEJOB = Kind(_settings, _documents, _notes, kueue=True, probed=(True, False))
