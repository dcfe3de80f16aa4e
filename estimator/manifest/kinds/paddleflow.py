"""``batch.paddlepaddle.org/v1`` PaddleJob of PaddleFlow's operator."""

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
    start_settings,
)
from estimator.manifest.kinds.nodes import gang_settings
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Node, Setting
from estimator.messages import message

_API = "batch.paddlepaddle.org/v1"
_ELSEWHERE = ("activeDeadlineSeconds", "completionMode", "completions", "parallelism")


def _settings(order: Order) -> Iterator[Setting]:
    """The operator adds POD_IP and, with the addresses of all nodes, PADDLE_TRAINER_ENDPOINTS,
    which the launcher takes master and number of nodes from (launch/plugins).
    """
    yield from gang_settings(order.nodes)
    yield from start_settings(order)
    yield computed(("pod", "restartPolicy"), "Never", message("yaml.nothing_limits_restarts"))


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    yield message("yaml.needs_controller", name="paddle-operator", version=_API)
    yield message("yaml.paddleflow_unmaintained")
    if order.nodes > 1:
        yield message("yaml.no_gang_restart", kind="PaddleJob")
    yield from fields_left_out(tree, "PaddleFlow PaddleJob", _ELSEWHERE)


def _documents(tree: Branch) -> tuple[Branch, ...]:
    nodes = node_count(tree)
    worker = {
        "replicas": said(nodes, reasons.one_pod_per_node()),
        "template": pod_template(tree, deadline_of_pods(tree)),
    }
    entries: dict[str, Node] = {
        "intranet": said("PodIP", message("yaml.paddleflow_intranet")),
        "worker": branch(worker),
    }
    queue = renamed(section(tree, "training"), {"queue": "queue"})
    if nodes > 1 or queue:
        least = said(nodes, message("yaml.all_or_none"))
        entries["schedulingPolicy"] = branch({"minAvailable": least, **queue})
    spec = branch(entries)
    return (document(_API, "PaddleJob", job_metadata(tree), spec),)


# The operator counts a job as running when all containers are ready.
PADDLEFLOW = Kind(_settings, _documents, _notes, probed=(False, False))
