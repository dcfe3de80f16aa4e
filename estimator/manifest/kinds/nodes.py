"""How the nodes of one job find each other."""

from __future__ import annotations

from collections.abc import Iterator

from estimator.manifest import reasons
from estimator.manifest.computed import ARGUMENTS, COMMAND, computed
from estimator.manifest.kinds.base import start_settings
from estimator.manifest.layers import TRAINING_CONTAINER
from estimator.manifest.order import Order
from estimator.manifest.tree import Setting
from estimator.manifest.types import ManifestValue

RENDEZVOUS_PORT = 29500
"""Any free port of the first pod; pods have their own ports, so it need not differ by job."""

JOB_INDEX = "JOB_COMPLETION_INDEX"
"""Set in every pod of an Indexed Job (Kubernetes)."""

OWN_ADDRESS: dict[str, ManifestValue] = {
    "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}},
}


def node_script(index: str) -> str:
    """What a node does before the launcher starts; ``index`` is the variable with its rank.

    Paddle's launcher starts the rendezvous where ``PADDLE_MASTER`` names the node's own address
    (controllers/master.py); a DNS name on the first node leaves all of them waiting.
    """
    return (
        f'if [ "${index}" = 0 ]; then export PADDLE_MASTER="$POD_IP:{RENDEZVOUS_PORT}"; fi\n'
        f'export PADDLE_RANK="${index}"\n'
        'exec "$@"\n'
    )


def gang_settings(nodes: int) -> Iterator[Setting]:
    """All nodes start together and fail together; nothing for a single one."""
    if nodes == 1:
        return
    together = reasons.several_nodes(nodes)
    yield computed(("job", "completionMode"), "Indexed", reasons.one_pod_per_node())
    yield computed(("job", "completions"), nodes, together)
    yield computed(("job", "parallelism"), nodes, together)
    yield computed(("job", "backoffLimit"), 0, reasons.no_single_restart())
    yield computed(("pod", "restartPolicy"), "Never", reasons.no_single_restart())


def meeting_settings(order: Order, first_host: str, index: str = JOB_INDEX) -> Iterator[Setting]:
    """The command behind a script that tells each node its rank and where the first one is."""
    if order.nodes == 1 or not order.training.launch:
        yield from start_settings(order)
        return
    script = ["sh", "-c", node_script(index), "node"]
    yield computed(COMMAND, [*script], reasons.rank_zero_address())
    yield computed(ARGUMENTS, [*order.command.words], order.command.reason)
    environment: tuple[tuple[str, dict[str, ManifestValue], str], ...] = (
        ("PADDLE_MASTER", {"value": f"{first_host}:{RENDEZVOUS_PORT}"}, reasons.first_node()),
        ("PADDLE_NNODES", {"value": str(order.nodes)}, reasons.several_nodes(order.nodes)),
        ("PADDLE_JOB_ID", {"value": order.name}, reasons.instance()),
    )
    for variable, content, reason in environment:
        yield computed((*TRAINING_CONTAINER, "env", variable), content, reason)
    yield own_address()


def own_address() -> Setting:
    """The variable that the launcher takes a node's address from."""
    return computed((*TRAINING_CONTAINER, "env", "POD_IP"), OWN_ADDRESS, reasons.own_address())
