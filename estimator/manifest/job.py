"""``batch/v1`` Job: one pod, or one pod per node that find each other through a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from estimator.manifest import reasons
from estimator.manifest.command import TrainingCommand
from estimator.manifest.computed import ARGUMENTS, COMMAND, computed
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.settings import Training
from estimator.manifest.tree import (
    COMPUTED,
    Branch,
    Listing,
    Node,
    Provenance,
    Setting,
    from_plain,
    plain,
    with_entries,
)
from estimator.manifest.types import JobRequest, ManifestValue

INSTANCE = "app.kubernetes.io/instance"
RENDEZVOUS_PORT = 29500
"""Any free port of the first pod; pods have their own ports, so it need not differ by job."""

NODE_SCRIPT = f"""\
if [ "$JOB_COMPLETION_INDEX" = 0 ]; then export PADDLE_MASTER="$POD_IP:{RENDEZVOUS_PORT}"; fi
export PADDLE_RANK="$JOB_COMPLETION_INDEX"
exec "$@"
"""
"""Paddle's launcher starts the rendezvous where ``--master`` names the node's own address
(controllers/master.py); a DNS name on the first node leaves all of them waiting.
"""

_READABLE = (
    *("apiVersion", "kind", "metadata", "spec"),
    *("name", "labels", "annotations"),
    *("image", "imagePullPolicy", "workingDir", "command", "args", "env", "resources"),
    *("mountPath", "key", "value"),
    *("nodeSelector", "containers", "volumes"),
)
"""Keys that people look for first, in this order; any other key follows."""


def job_settings(
    request: JobRequest, name: str, command: TrainingCommand, training: Training
) -> Iterator[Setting]:
    """What a Job needs beyond the values every form has."""
    words: ManifestValue = [*command.words]
    if request.nodes == 1:
        yield computed(COMMAND, words, command.reason)
        return
    yield from _indexed(request.nodes)
    if not training.launch:
        yield computed(COMMAND, words, command.reason)
        return
    yield computed(COMMAND, ["sh", "-c", NODE_SCRIPT, "node"], reasons.rank_zero_address())
    yield computed(ARGUMENTS, words, command.reason)
    yield computed(("pod", "subdomain"), name, reasons.reach_each_other())
    yield from _node_environment(request, name)


def _indexed(nodes: int) -> Iterator[Setting]:
    together = reasons.several_nodes(nodes)
    yield computed(("job", "completionMode"), "Indexed", reasons.one_pod_per_node())
    yield computed(("job", "completions"), nodes, together)
    yield computed(("job", "parallelism"), nodes, together)
    yield computed(("job", "backoffLimit"), 0, reasons.no_single_restart())
    yield computed(("pod", "restartPolicy"), "Never", reasons.no_single_restart())


def _node_environment(request: JobRequest, name: str) -> Iterator[Setting]:
    variables: tuple[tuple[str, dict[str, ManifestValue], str], ...] = (
        (
            "PADDLE_MASTER",
            {"value": f"{name}-0.{name}:{RENDEZVOUS_PORT}"},
            reasons.first_node(),
        ),
        ("PADDLE_NNODES", {"value": str(request.nodes)}, reasons.several_nodes(request.nodes)),
        ("PADDLE_JOB_ID", {"value": name}, reasons.instance()),
        (
            "POD_IP",
            {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            reasons.own_address(),
        ),
    )
    for variable, content, reason in variables:
        yield computed((*TRAINING_CONTAINER, "env", variable), content, reason)


def job_notes(request: JobRequest, name: str, training: Training) -> Iterator[str]:
    """What the user should know of the documents."""
    if request.nodes > 1 and training.launch:
        yield reasons.service_stays(name)


def job_documents(tree: Branch) -> tuple[Branch, ...]:
    """The Job, and the Service that its pods find each other by."""
    metadata, pod = _metadata(tree), _section(tree, "pod")
    name = metadata.entries["name"]
    about_pod = Branch(
        {k: v for k, v in metadata.entries.items() if k != "name"}, metadata.provenance
    )
    template = _branch({"metadata": about_pod, "spec": pod})
    spec = with_entries(_section(tree, "job"), {"template": template})
    job = _document("batch/v1", "Job", metadata, spec)
    subdomain = pod.entries.get("subdomain")
    if subdomain is None or plain(subdomain) != plain(name):
        return (job,)
    return job, _service(name, metadata)


def _metadata(tree: Branch) -> Branch:
    """The template's metadata, with a label that names the job."""
    metadata = _section(tree, "metadata")
    labels = _section(metadata, "labels")
    instance = from_plain(plain(metadata.entries["name"]), _why(reasons.instance()))
    return with_entries(metadata, {"labels": with_entries(labels, {INSTANCE: instance})})


def _service(name: Node, metadata: Branch) -> Branch:
    labels = metadata.entries["labels"]
    why = _why(reasons.reach_each_other())
    spec = {
        "clusterIP": from_plain("None", why),
        "publishNotReadyAddresses": from_plain(True, _why(reasons.before_ready())),
        "selector": from_plain({INSTANCE: plain(name)}, why),
        "ports": from_plain([{"name": "rendezvous", "port": RENDEZVOUS_PORT}], why),
    }
    about = _branch({"name": name, "labels": labels})
    return _document("v1", "Service", about, _branch(spec))


def _document(version: str, kind: str, metadata: Branch, spec: Branch) -> Branch:
    why = _why(reasons.form("job"))
    entries = {"apiVersion": from_plain(version, why), "kind": from_plain(kind, why)}
    document = _branch({**entries, "metadata": metadata, "spec": spec})
    return _readable_branch(document)


def _section(tree: Branch, name: str) -> Branch:
    section = tree.entries.get(name)
    return section if isinstance(section, Branch) else _branch({})


def _branch(entries: Mapping[str, Node]) -> Branch:
    return Branch(entries, _why(reasons.form("job")))


def _why(reason: str) -> Provenance:
    return Provenance(COMPUTED, reason)


def _readable(node: Node) -> Node:
    if isinstance(node, Branch):
        return _readable_branch(node)
    if isinstance(node, Listing):
        return Listing(tuple(_readable(item) for item in node.items), node.provenance)
    return node


def _readable_branch(branch: Branch) -> Branch:
    keys = sorted(branch.entries, key=_rank)
    return Branch({key: _readable(branch.entries[key]) for key in keys}, branch.provenance)


def _rank(key: str) -> int:
    return _READABLE.index(key) if key in _READABLE else len(_READABLE)
