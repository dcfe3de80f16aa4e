"""``trainer.kubeflow.org/v1alpha1`` TrainJob, and the TrainingRuntime that it runs in.

The runtime holds what the platform decides (pods, volumes, security), the TrainJob what the
estimate decides (image, command, nodes, resources).
"""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.kinds.base import (
    Kind,
    branch,
    companion_metadata,
    document,
    fields_left_out,
    job_metadata,
    node_count,
    renamed,
    said,
    section,
    without,
)
from estimator.manifest.kinds.jobset import first_host, jobset_spec
from estimator.manifest.kinds.nodes import gang_settings, meeting_settings
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.order import Order
from estimator.manifest.tree import Branch, Listing, Node, Setting, plain, with_entries
from estimator.messages import message

_API = "trainer.kubeflow.org/v1alpha1"
_CONTAINER = "node"
"""The container that Trainer gives the TrainJob's image, command and resources."""

_ANCESTOR = {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}
"""Label of the replicated job that the TrainJob's ``trainer`` part applies to."""

_TRAINER = {"image": "image", "command": "command", "args": "args", "resources": "resourcesPerNode"}
_JOB_FIELDS = ("activeDeadlineSeconds", "suspend")
_NOT_IN_RUNTIME = (*_JOB_FIELDS, "completions", "parallelism", "ttlSecondsAfterFinished")
_IN_JOBSET = ("backoffLimit", "completionMode", "podFailurePolicy", "backoffLimitPerIndex")


def _settings(order: Order) -> Iterator[Setting]:
    yield from gang_settings(order.nodes)
    yield from meeting_settings(order, first_host(order.name))


def _notes(order: Order, tree: Branch) -> Iterator[str]:
    yield message("yaml.needs_controller", name="Kubeflow Trainer", version=_API)
    known = (*_JOB_FIELDS, *_IN_JOBSET, "completions", "parallelism")
    yield from fields_left_out(tree, "TrainJob", known)


def _documents(tree: Branch) -> tuple[Branch, ...]:
    """The runtime first: a TrainJob is refused where its runtime is not there."""
    metadata = job_metadata(tree)
    name = metadata.entries["name"]
    nodes = said(node_count(tree), reasons.one_pod_per_node())
    trainer = renamed(_training_container(tree), _TRAINER)
    reference = {"apiGroup": "trainer.kubeflow.org", "kind": "TrainingRuntime"}
    job = branch(
        {
            **renamed(section(tree, "job"), {field: field for field in _JOB_FIELDS}),
            "runtimeRef": with_entries(branch({}), {**_said_all(reference), "name": name}),
            "trainer": branch({"numNodes": nodes, **trainer}),
        }
    )
    about = companion_metadata(metadata)
    return (
        document(_API, "TrainingRuntime", about, _runtime(tree, nodes)),
        document(_API, "TrainJob", metadata, job),
    )


def _runtime(tree: Branch, nodes: Node) -> Branch:
    job = without(section(tree, "job"), *_NOT_IN_RUNTIME)
    inner = with_entries(tree, {"job": job})
    spec = jobset_spec(inner, _runtime_pod(tree), several=node_count(tree) > 1)
    policy = branch({"numNodes": nodes})
    return branch({"mlPolicy": policy, "template": branch({"spec": _with_ancestor(spec)})})


def _with_ancestor(spec: Branch) -> Branch:
    jobs = spec.entries["replicatedJobs"]
    assert isinstance(jobs, Listing)
    labelled = []
    for job in jobs.items:
        assert isinstance(job, Branch)
        labels = said({**_ANCESTOR}, message("yaml.trainer_part"))
        template = with_entries(section(job, "template"), {"metadata": branch({"labels": labels})})
        labelled.append(with_entries(job, {"template": template}))
    return with_entries(spec, {"replicatedJobs": Listing(tuple(labelled), jobs.provenance)})


def _training_container(tree: Branch) -> Branch:
    return next(one for one in _containers(tree) if _is_training(one))


def _runtime_pod(tree: Branch) -> Branch:
    """The pod with the training container as Trainer names it, without what the TrainJob says."""
    pod = section(tree, "pod")
    containers = pod.entries["containers"]
    items = tuple(
        with_entries(without(one, *_TRAINER), {"name": said(_CONTAINER, reasons.form("TrainJob"))})
        if _is_training(one)
        else one
        for one in _containers(tree)
    )
    return with_entries(pod, {"containers": Listing(items, containers.provenance)})


def _containers(tree: Branch) -> Iterator[Branch]:
    containers = section(tree, "pod").entries.get("containers")
    if isinstance(containers, Listing):
        yield from (one for one in containers.items if isinstance(one, Branch))


def _is_training(container: Branch) -> bool:
    return plain(container.entries["name"]) == TRAINING_CONTAINER[-1]


def _said_all(values: dict[str, str]) -> dict[str, Node]:
    return {key: said(value, reasons.form("TrainJob")) for key, value in values.items()}


TRAINJOB = Kind(_settings, _documents, _notes, kueue=True)
