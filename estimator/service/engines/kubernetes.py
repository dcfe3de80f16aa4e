"""Dry steps as jobs of one GPU on a Kubernetes cluster.

A pod there is the sandbox: no rights, no token of the cluster, a read-only root, limits, and no
network where the cluster's policy says so. Without that policy strangers' code is refused.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from estimator.cluster.connection import Place as ClusterPlace
from estimator.cluster.connection import way_to
from estimator.cluster.dry_step import TEMPLATE, ClusterStep, Terms, choose_on_cluster
from estimator.cluster.objects import Objects
from estimator.cluster.pods import Plain
from estimator.drystep.launch import OnProgress
from estimator.drystep.measurement import DryStepReport
from estimator.drystep.request import DryStepRequest, Limits
from estimator.errors import BadInput
from estimator.messages import sentence
from estimator.service.settings import KUBERNETES, Settings

POLICY = "paddle-estimate-dry-step"
"""The network policy that keeps the pods from the network."""

_COMPONENT = "app.kubernetes.io/component"
_MANIFESTS = "kubectl apply -f .kubernetes/dry-steps.yaml"


@dataclass(frozen=True, slots=True)
class KubernetesPlace:
    """A folder here, and a pod there."""

    folder: Path
    step: ClusterStep
    refusal: BadInput | None

    def kill(self) -> None:
        """Delete the job."""
        self.step.given_up.set()

    def run(self, request: DryStepRequest, limits: Limits, heard: OnProgress) -> DryStepReport:
        """Send the folder's files and the request to the cluster, and wait for the report."""
        if self.refusal is not None:
            raise self.refusal
        files = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }
        return replace(self.step, files=files).run(request, limits, heard)


class KubernetesEngine:
    """The cluster of the kubeconfig, or the one we run in.

    Raises BadInput where there is none, or where the client is not installed.
    """

    safe = True  # a cluster without the policy refuses
    choose = staticmethod(choose_on_cluster)

    def __init__(self, settings: Settings) -> None:
        wanted = str(settings.dry_step_on).removeprefix(KUBERNETES).removeprefix(":")
        way = way_to(ClusterPlace(namespace=wanted or None))
        self._objects = Objects(way, way.namespace)
        self._terms = Terms(settings.site.templates, settings.bounds.memory_bytes or None)
        self._unsafe = settings.unsafe_uploads

    @contextmanager
    def place(self, others_wait: bool = False) -> Iterator[KubernetesPlace]:
        """A folder here for the files of one estimate."""
        refusal = None if self._unsafe else self._refusal()
        with tempfile.TemporaryDirectory(prefix="paddle-estimate-") as folder:
            step = ClusterStep(self._objects, {}, self._terms)
            yield KubernetesPlace(Path(folder), step, refusal)

    def close(self) -> None:
        """Nothing waits."""

    def _refusal(self) -> BadInput | None:
        policy = self._objects.policy(POLICY)
        if policy is not None and _keeps_off_the_network(policy):
            return None
        return BadInput(
            sentence("no network policy {name} keeps dry steps off the network", name=POLICY),
            where=self._objects.namespace,
            hint=_MANIFESTS,
        )


def _keeps_off_the_network(policy: Plain) -> bool:
    spec = policy.get("spec", {})
    labels = spec.get("podSelector", {}).get("matchLabels")
    kinds = set(spec.get("policyTypes") or [])
    closed = not spec.get("egress") and not spec.get("ingress")
    return closed and kinds == {"Ingress", "Egress"} and labels == {_COMPONENT: TEMPLATE}
