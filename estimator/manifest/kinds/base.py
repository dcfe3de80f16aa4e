"""What every kind of manifest is made with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from estimator.errors import BadInput
from estimator.manifest import reasons
from estimator.manifest.computed import COMMAND, computed
from estimator.manifest.kindnames import ManifestKind
from estimator.manifest.order import Order
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
from estimator.manifest.types import ManifestValue
from estimator.manifest.writer import write_yaml
from estimator.messages import message

INSTANCE = "app.kubernetes.io/instance"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"

_DEADLINE = "activeDeadlineSeconds"
_READABLE = (
    *("apiVersion", "kind", "metadata", "spec"),
    *("name", "labels", "annotations"),
    *("image", "imagePullPolicy", "workingDir", "command", "args", "env", "resources"),
    *("mountPath", "key", "value"),
    *("nodeSelector", "containers", "volumes"),
)
"""Keys that people look for first, in this order; any other key follows."""


Text = Callable[[Sequence[Mapping[str, ManifestValue]]], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of manifest.

    settings: values of the neutral description that only this kind needs.
    documents: of the merged description; the job itself comes first.
    notes: what the user should know of them.
    text: how the documents are written down.
    kueue: whether Kueue can queue it, which a label asks for.
    cluster: whether a cluster runs it, which can divide a card and look after a pod.
    probed: whether nothing but the pod's READY column hangs on a readiness probe, with one node
    and with several.
    """

    settings: Callable[[Order], Iterable[Setting]]
    documents: Callable[[Branch], tuple[Branch, ...]]
    notes: Callable[[Order, Branch], Iterable[str]]
    text: Text = write_yaml
    kueue: bool = False
    cluster: bool = True
    probed: tuple[bool, bool] = (True, True)

    def probes(self, order: Order) -> bool:
        """Whether the pods of a job may have a readiness probe."""
        return self.probed[order.nodes > 1]


def start_settings(order: Order) -> Iterator[Setting]:
    """The command as it is, where nothing has to be done before it."""
    yield computed(COMMAND, [*order.command.words], order.command.reason)


def queue_settings(kind: Kind, order: Order) -> Iterator[Setting]:
    """The label by which Kueue holds a job back until its queue has room."""
    queue = order.training.queue
    if queue and kind.kueue:
        path = ("metadata", "labels", QUEUE_LABEL)
        yield computed(path, queue, message("yaml.queue", queue=queue))


def require_one_node(order: Order, kind: ManifestKind) -> None:
    """Raise BadInput where a kind that describes one machine is asked for several."""
    if order.nodes > 1:
        raise BadInput(
            message("error.one_node_kind", kind=kind, nodes=order.nodes),
            where=f"--kind {kind}",
            hint=f"--kind job, or --nodes 1 --gpus {order.request.gpu_count}",
        )


def section(tree: Branch, *names: str) -> Branch:
    """The map that the names lead to, or an empty one."""
    for name in names:
        found = tree.entries.get(name)
        tree = found if isinstance(found, Branch) else branch({})
    return tree


def branch(entries: Mapping[str, Node]) -> Branch:
    """A map that the form asks for."""
    return Branch(entries, Provenance(COMPUTED, reasons.form("job")))


def said(value: ManifestValue, reason: str) -> Node:
    """A value of the form, and why it is there."""
    return from_plain(value, Provenance(COMPUTED, reason))


def without(tree: Branch, *keys: str) -> Branch:
    """The map without some of its keys."""
    kept = {key: node for key, node in tree.entries.items() if key not in keys}
    return Branch(kept, tree.provenance)


def renamed(tree: Branch, names: Mapping[str, str]) -> dict[str, Node]:
    """The values of those keys that are there, under the names that a kind has for them."""
    return {new: tree.entries[old] for old, new in names.items() if old in tree.entries}


def job_metadata(tree: Branch) -> Branch:
    """The template's metadata, with a label that names the job."""
    metadata = section(tree, "metadata")
    instance = said(plain(metadata.entries["name"]), reasons.instance())
    labels = with_entries(section(metadata, "labels"), {INSTANCE: instance})
    return with_entries(metadata, {"labels": labels})


def companion_metadata(metadata: Branch) -> Branch:
    """Of an object that goes with a job: the same name, namespace and labels."""
    kept = ("name", "namespace", "labels")
    return branch({key: metadata.entries[key] for key in kept if key in metadata.entries})


def pod_template(tree: Branch, pod: Branch | None = None) -> Branch:
    """The template of the job's pods: its labels and annotations, and ``pod`` or the tree's own."""
    metadata = without(job_metadata(tree), "name", "namespace")
    labels = without(section(metadata, "labels"), QUEUE_LABEL)
    about = with_entries(metadata, {"labels": labels})
    return branch({"metadata": about, "spec": section(tree, "pod") if pod is None else pod})


def deadline_of_pods(tree: Branch) -> Branch:
    """The pod with the job's deadline, for a kind that has none of its own."""
    deadline = renamed(section(tree, "job"), {_DEADLINE: _DEADLINE})
    pod = section(tree, "pod")
    return pod if _DEADLINE in pod.entries else with_entries(pod, deadline)


def fields_left_out(tree: Branch, kind: str, known: Iterable[str]) -> Iterator[str]:
    """What the template says of a Job that this kind has no field for."""
    lost = [field for field in section(tree, "job").entries if field not in known]
    if lost:
        yield message("yaml.left_out", kind=kind, fields=", ".join(f"job.{one}" for one in lost))


def node_count(tree: Branch) -> int:
    """How many pods work together; an Indexed Job says so in its completions."""
    completions = section(tree, "job").entries.get("completions")
    number = 1 if completions is None else plain(completions)
    return number if isinstance(number, int) else 1


def document(version: str, kind: str, metadata: Branch, spec: Branch) -> Branch:
    """One document of Kubernetes, its keys in the order that people read them."""
    why = reasons.form(kind)
    entries = {"apiVersion": said(version, why), "kind": said(kind, why)}
    return readable(branch({**entries, "metadata": metadata, "spec": spec}))


def readable(tree: Branch) -> Branch:
    """The map with its keys in the order that people read them."""
    keys = sorted(tree.entries, key=_rank)
    return Branch({key: _readable(tree.entries[key]) for key in keys}, tree.provenance)


def _readable(node: Node) -> Node:
    if isinstance(node, Branch):
        return readable(node)
    if isinstance(node, Listing):
        return Listing(tuple(_readable(item) for item in node.items), node.provenance)
    return node


def _rank(key: str) -> int:
    return _READABLE.index(key) if key in _READABLE else len(_READABLE)
