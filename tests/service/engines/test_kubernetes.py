"""The service on a Kubernetes cluster whose pods are processes here."""

from __future__ import annotations

import copy

import pytest
import yaml

from estimator.errors import BadInput
from estimator.paths import shipped_folder
from estimator.service.engines.kubernetes import KubernetesEngine
from estimator.service.settings import Settings
from tests.cluster.nodes import POLICY, running
from tests.cluster.server import write_kubeconfig
from tests.service.apps import SOURCE
from tests.service.live import ended, service

pytestmark = pytest.mark.xdist_group("service")

MANIFESTS = shipped_folder("templates").parent / ".kubernetes" / "dry-steps.yaml"


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    with running(tmp_path) as found:
        config = write_kubeconfig(tmp_path / "config", found.address)
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield found


@pytest.mark.paddle
def test_an_upload_is_answered_from_a_pod_or_refused_without_the_policy(nodes, tmp_path):
    wish = {"source": SOURCE, "gpu": ["T4"], "batch_size": 8}
    with (
        service(tmp_path, "--dry-step-on", "kubernetes:lab") as live,
        live.client as client,
    ):
        refused = ended(client, client.post("/api/v1/estimates", json=wish).json()["id"])
        assert refused["error"]["detail"].startswith("no network policy paddle-estimate-dry-step")
        assert refused["error"]["hint"] == "kubectl apply -f .kubernetes/dry-steps.yaml"
        assert nodes.seen_jobs == []
        nodes.policies["paddle-estimate-dry-step"] = POLICY
        found = ended(client, client.post("/api/v1/estimates", json=wish).json()["id"])
    # the pod here has no Paddle for GPUs, and says so: it was the GPU that was to be measured
    assert found["state"] == "failed"
    assert found["error"]["detail"] == "the Paddle that runs the step is a CPU build"
    [job] = nodes.seen_jobs
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert (nodes.jobs, nodes.secrets) == ({}, {})


def test_a_policy_that_lets_something_through_is_none(nodes):
    engine = KubernetesEngine(Settings("", dry_step_on="kubernetes"))
    nodes.policies["paddle-estimate-dry-step"] = POLICY
    with engine.place() as place:
        assert place.refusal is None
    for spoilt in ({"policyTypes": ["Ingress"]}, {"egress": [{}]}, {"podSelector": {}}):
        policy = copy.deepcopy(POLICY)
        policy["spec"] |= spoilt
        nodes.policies["paddle-estimate-dry-step"] = policy
        with engine.place() as place:
            assert isinstance(place.refusal, BadInput)


def test_the_shipped_policy_and_rights_are_those_that_are_needed():
    found = {one["kind"]: one for one in yaml.safe_load_all(MANIFESTS.read_text())}
    assert found["NetworkPolicy"] == POLICY
    rules = {
        resource: set(rule["verbs"])
        for rule in found["Role"]["rules"]
        for resource in rule["resources"]
    }
    assert rules == {
        "jobs": {"create", "delete"},
        "secrets": {"create"},
        "pods": {"list"},
        "events": {"list"},
        "pods/log": {"get"},
        "networkpolicies": {"get"},
    }
