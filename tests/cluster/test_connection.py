"""Server-side apply and dry run, against a server that speaks the API's paths."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estimator.cluster.answers import path_of
from estimator.cluster.connection import Cluster, Place, connect
from estimator.errors import BadInput
from estimator.manifest.fill import fill
from estimator.manifest.tree import format_path
from tests.cluster.server import ApiServer, serving, write_kubeconfig
from tests.manifest.builders import REQUEST, TWO_NODES, shipped

JOB: Any = fill(shipped("ocr"), REQUEST, "job").document


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    with serving() as found:
        config = write_kubeconfig(tmp_path / "config", found.address)
        monkeypatch.setenv("KUBECONFIG", str(config))
        yield found


@pytest.fixture
def cluster(server: ApiServer) -> Cluster:
    return connect(Place())


def problems(cluster: Cluster, documents: Any) -> list[tuple[str, str, str]]:
    found = cluster.try_out(documents)
    return [(format_path(one.path), one.problem, one.mend) for _, one in found]


def test_dry_run_keeps_nothing(cluster: Cluster, server: ApiServer) -> None:
    documents = fill(shipped("ocr"), TWO_NODES, "job").document
    assert problems(cluster, documents) == []
    assert server.objects == {}
    assert [path for _, path, _ in server.requests] == [
        "/apis/batch/v1/namespaces/vision/jobs/resnet50",
        "/api/v1/namespaces/vision/services/resnet50",
    ]
    assert all(query["dryRun"] == ["All"] for _, _, query in server.requests)


def test_apply_creates_in_the_namespace_of_the_context(cluster: Cluster, server: ApiServer) -> None:
    [applied] = cluster.apply(JOB)
    assert (applied.resource, applied.name, applied.namespace) == (
        "jobs.batch",
        "resnet50",
        "vision",
    )
    assert list(server.objects) == ["/apis/batch/v1/namespaces/vision/jobs/resnet50"]


def test_own_namespace_of_a_document_goes_first(cluster: Cluster, server: ApiServer) -> None:
    job = copy.deepcopy(JOB[0])
    job["metadata"]["namespace"] = "own"
    [applied] = cluster.apply([job])
    assert applied.namespace == "own"
    assert list(server.objects) == ["/apis/batch/v1/namespaces/own/jobs/resnet50"]


def test_other_context_and_namespace(server: ApiServer) -> None:
    assert connect(Place("other")).namespace == "default"
    assert connect(Place("here", "mine")).namespace == "mine"


def test_unknown_field_is_found_at_its_place(cluster: Cluster) -> None:
    job = copy.deepcopy(JOB[0])
    job["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    [(path, problem, _)] = problems(cluster, [job])
    assert path == "spec.template.spec.containers[paddle]"
    assert problem == "has no field imagePullPolice"


def test_cause_is_found_at_its_place(cluster: Cluster) -> None:
    job = copy.deepcopy(JOB[0])
    job["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = 2
    [(path, problem, _)] = problems(cluster, [job])
    assert path == "spec.template.spec.containers[paddle].resources.requests"
    assert "must be equal to nvidia.com/gpu limit" in problem


def test_a_job_of_the_same_name_asks_for_another(cluster: Cluster) -> None:
    list(cluster.apply(JOB))
    other = copy.deepcopy(JOB)
    other[0]["spec"]["backoffLimit"] = 1
    [(path, problem, mend)] = problems(cluster, other)
    assert path == "spec.template"
    assert "immutable" in problem
    assert "--set metadata.name" in mend
    with pytest.raises(BadInput, match="Job was refused"):
        list(cluster.apply(other))


def test_kind_that_the_cluster_does_not_have(cluster: Cluster) -> None:
    documents = fill(shipped("ocr"), REQUEST, "volcano").document
    [(path, problem, mend)] = problems(cluster, documents)
    assert path == "kind"
    assert problem == "the cluster has no Job of batch.volcano.sh/v1alpha1"
    assert "controller" in mend


def test_kind_that_it_has(cluster: Cluster) -> None:
    assert problems(cluster, fill(shipped("ocr"), TWO_NODES, "jobset").document) == []


def test_what_is_not_allowed(cluster: Cluster, server: ApiServer) -> None:
    server.forbidden = True
    with pytest.raises(BadInput, match="you may not do this there") as caught:
        list(cluster.try_out(JOB))
    assert caught.value.where == server.address


def test_server_that_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_kubeconfig(tmp_path / "config", "http://127.0.0.1:9")
    monkeypatch.setenv("KUBECONFIG", str(config))
    with pytest.raises(BadInput, match="does not answer"):
        connect(Place())


@pytest.mark.parametrize("place", [Place(), Place("nowhere")])
def test_no_such_cluster(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    if place.context:
        write_kubeconfig(path, "http://127.0.0.1:9")
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(BadInput, match="no cluster to go to") as caught:
        connect(place)
    assert caught.value.hint == "kubectl config get-contexts"


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("spec.template.spec.containers[0].image", "spec.template.spec.containers[paddle].image"),
        (
            "spec.template.spec.containers[0].resources.limits[nvidia.com/gpu]",
            'spec.template.spec.containers[paddle].resources.limits["nvidia.com/gpu"]',
        ),
        ("spec.template.spec.volumes[9].name", "spec.template.spec.volumes[9].name"),
        ("", "metadata.name"),
    ],
)
def test_fields_as_people_read_them(field: str, path: str) -> None:
    assert format_path(path_of(field, JOB[0])) == path
